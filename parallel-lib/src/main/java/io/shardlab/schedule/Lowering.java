package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Schedule;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The way from an order of passes to a full schedule: send directly after production, receive directly before use.
 *
 * <p>Messages of two ranks arrive in the order in which they were sent. Where several stages per rank make one rank use
 * them in another order, the earlier message is received early, together with the one that is needed.
 */
public final class Lowering {

    private record Pair(int from, int to) {}

    private final Schedule computeOnly;
    private final Map<Pair, Deque<Action.Receive>> underWay = new HashMap<>();

    private Lowering(Schedule computeOnly) {
        this.computeOnly = computeOnly;
    }

    /**
     * Adds transfers between stages on different ranks and, where there is a data axis, the gradient sums.
     *
     * @param computeOnly passes only
     * @param dataDegree degree of the data axis; above 1 a stage's REDUCE_GRAD follows its last pass (and what that sends), so
     *     that the sum runs beside the passes of the rank's other stages
     */
    public static Schedule lower(Schedule computeOnly, int dataDegree) {
        Lowering lowering = new Lowering(computeOnly);
        lowering.noteMessages();
        List<List<Action>> lowered = new ArrayList<>();
        for (int rank = 0; rank < computeOnly.numRanks(); rank++) {
            lowered.add(lowering.withTransfers(rank, dataDegree > 1));
        }
        return new Schedule(computeOnly.name(), computeOnly.numStages(), computeOnly.numMicrobatches(), lowered);
    }

    /**
     * A schedule as somebody handed it in, made complete: one of passes only is lowered; one with transfers stays as it is,
     * except that missing gradient sums over the data axis are added at its end.
     */
    public static Schedule complete(Schedule handedIn, int dataDegree) {
        List<Action> all = handedIn.actions().stream().flatMap(List::stream).toList();
        if (all.stream().allMatch(Action.Compute.class::isInstance)) {
            return lower(handedIn, dataDegree);
        }
        if (dataDegree == 1 || all.stream().anyMatch(Action.ReduceGradients.class::isInstance)) {
            return handedIn;
        }
        List<List<Action>> completed = new ArrayList<>();
        for (int rank = 0; rank < handedIn.numRanks(); rank++) {
            List<Action> actions = new ArrayList<>(handedIn.actions().get(rank));
            addGradientSums(handedIn, rank, actions);
            completed.add(actions);
        }
        return new Schedule(handedIn.name(), handedIn.numStages(), handedIn.numMicrobatches(), completed);
    }

    private static void addGradientSums(Schedule schedule, int rank, List<Action> actions) {
        for (int stage = rank; stage < schedule.numStages(); stage += schedule.numRanks()) {
            actions.add(new Action.ReduceGradients(stage));
        }
    }

    private void noteMessages() {
        for (int rank = 0; rank < computeOnly.numRanks(); rank++) {
            for (Action action : computeOnly.actions().get(rank)) {
                if (!(action instanceof Action.Compute compute)) {
                    throw new IllegalArgumentException("rank " + rank + " of schedule " + computeOnly.name() + " has "
                            + action + ": lowering takes passes only, it adds transfers itself");
                }
                sendAfter(compute).ifPresent(send -> underWay.computeIfAbsent(pairOf(send), pair -> new ArrayDeque<>())
                        .add(send.receive()));
            }
        }
    }

    private List<Action> withTransfers(int rank, boolean sums) {
        List<Action> passes = computeOnly.actions().get(rank);
        Map<Integer, Action> last = new HashMap<>();
        passes.forEach(pass -> last.put(pass.stage(), pass));
        List<Action> actions = new ArrayList<>();
        for (Action action : passes) {
            Action.Compute compute = (Action.Compute) action;
            receiveBefore(compute).ifPresent(receive -> {
                Deque<Action.Receive> messages = underWay.getOrDefault(pairOf(receive.send()), new ArrayDeque<>());
                while (messages.contains(receive)) {
                    actions.add(messages.remove());
                }
            });
            actions.add(compute);
            sendAfter(compute).ifPresent(actions::add);
            if (sums && compute.equals(last.get(compute.stage()))) {
                actions.add(new Action.ReduceGradients(compute.stage()));
            }
        }
        return actions;
    }

    private Pair pairOf(Action.Send send) {
        return new Pair(computeOnly.rankOf(send.stage()), computeOnly.rankOf(send.toStage()));
    }

    private Optional<Action.Receive> receiveBefore(Action.Compute compute) {
        if (compute.pass() == Pass.BACKWARD_WEIGHT) {
            return Optional.empty();
        }
        Action.Receive receive = new Action.Receive(compute.stage(), carriedBy(compute), compute.microbatch());
        return Optional.of(receive).filter(r -> crosses(computeOnly, r.stage(), r.fromStage()));
    }

    private Optional<Action.Send> sendAfter(Action.Compute compute) {
        if (compute.pass() == Pass.BACKWARD_WEIGHT) {
            return Optional.empty();
        }
        Action.Send send = new Action.Send(compute.stage(), carriedBy(compute), compute.microbatch());
        return Optional.of(send).filter(s -> crosses(computeOnly, s.stage(), s.toStage()));
    }

    private static Pass carriedBy(Action.Compute compute) {
        return compute.pass() == Pass.FORWARD ? Pass.FORWARD : Pass.BACKWARD;
    }

    /** Whether two stages are neighbours in the model that live on different ranks. */
    static boolean crosses(Schedule schedule, int stage, int neighbour) {
        return neighbour >= 0
                && neighbour < schedule.numStages()
                && schedule.rankOf(stage) != schedule.rankOf(neighbour);
    }
}
