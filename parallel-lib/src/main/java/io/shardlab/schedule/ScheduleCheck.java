package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Replay;
import io.shardlab.plan.Schedule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The proof that a full schedule ends: every pass exactly once and after what it needs, every message sent once, received
 * once and in order, no rank waiting forever.
 *
 * <p>Sends never wait, as {@code transport} promises, so a schedule hangs only where receives wait for each other; a
 * replay finds those. Messages between two ranks must be received in the order in which they are sent, because a
 * transport is a queue per ordered pair of ranks.
 */
public final class ScheduleCheck {

    private record Cell(int rank, int position, Action action) {}

    private final Schedule schedule;
    private final Map<Action, Cell> cells = new HashMap<>();

    private ScheduleCheck(Schedule schedule) {
        this.schedule = schedule;
    }

    /** Returns the schedule where it can run; throws a {@link ScheduleException} that names and draws the problem where not. */
    public static Schedule check(Schedule schedule) {
        ScheduleCheck check = new ScheduleCheck(schedule);
        check.everyCellIsInPlace();
        check.everyPassIsThere();
        check.transfersMatch();
        check.needsComeFirst();
        check.gradientSumsAreComplete();
        check.nobodyWaitsForever();
        check.messagesKeepTheirOrder();
        return schedule;
    }

    /** The part of {@link #check} that needs no transfers: every pass stands where it belongs, exactly once. */
    public static Schedule checkPasses(Schedule schedule) {
        ScheduleCheck check = new ScheduleCheck(schedule);
        check.everyCellIsInPlace();
        check.everyPassIsThere();
        return schedule;
    }

    private void everyCellIsInPlace() {
        for (int rank = 0; rank < schedule.numRanks(); rank++) {
            List<Action> actions = schedule.actions().get(rank);
            for (int position = 0; position < actions.size(); position++) {
                Cell cell = new Cell(rank, position, actions.get(position));
                Action action = cell.action();
                if (action.stage() >= schedule.numStages()) {
                    throw fail(action + ": there are only stages 0 to " + (schedule.numStages() - 1), cell);
                }
                if (microbatch(action) >= schedule.numMicrobatches()) {
                    throw fail(
                            action + ": there are only micro-batches 0 to " + (schedule.numMicrobatches() - 1), cell);
                }
                if (schedule.rankOf(action.stage()) != rank) {
                    throw fail(
                            action + " stands on rank " + rank + ", but stage " + action.stage() + " lives on rank "
                                    + schedule.rankOf(action.stage()),
                            cell);
                }
                Cell first = cells.putIfAbsent(action, cell);
                if (first != null) {
                    throw fail(action + " stands twice on rank " + rank, first, cell);
                }
            }
        }
    }

    private static int microbatch(Action action) {
        if (action instanceof Action.Compute compute) {
            return compute.microbatch();
        }
        if (action instanceof Action.Send send) {
            return send.microbatch();
        }
        return action instanceof Action.Receive receive ? receive.microbatch() : 0;
    }

    private void everyPassIsThere() {
        for (int stage = 0; stage < schedule.numStages(); stage++) {
            for (int i = 0; i < schedule.numMicrobatches(); i++) {
                require(stage, Pass.FORWARD, i);
                Cell whole = cells.get(new Action.Compute(stage, Pass.BACKWARD, i));
                Cell input = cells.get(new Action.Compute(stage, Pass.BACKWARD_INPUT, i));
                Cell weight = cells.get(new Action.Compute(stage, Pass.BACKWARD_WEIGHT, i));
                Cell part = input != null ? input : weight;
                if (whole != null && part != null) {
                    throw fail(whole.action() + " already includes " + part.action(), whole, part);
                }
                if (part != null) {
                    require(stage, Pass.BACKWARD_INPUT, i);
                    require(stage, Pass.BACKWARD_WEIGHT, i);
                } else {
                    require(stage, Pass.BACKWARD, i);
                }
            }
        }
    }

    private void require(int stage, Pass pass, int microbatch) {
        Action.Compute compute = new Action.Compute(stage, pass, microbatch);
        if (!cells.containsKey(compute)) {
            throw fail("rank " + schedule.rankOf(stage) + " never runs " + compute);
        }
    }

    private void transfersMatch() {
        for (List<Action> actions : schedule.actions()) {
            for (Action action : actions) {
                if (action instanceof Action.Send send) {
                    requirePartner(send, send.toStage(), send.receive());
                } else if (action instanceof Action.Receive receive) {
                    requirePartner(receive, receive.fromStage(), receive.send());
                }
            }
        }
    }

    private void requirePartner(Action action, int otherStage, Action partner) {
        if (otherStage < 0 || otherStage >= schedule.numStages()) {
            throw fail(action + ": stage " + action.stage() + " has no neighbour on that side", cellOf(action));
        }
        if (!Lowering.crosses(schedule, action.stage(), otherStage)) {
            throw fail(action + ": stages " + action.stage() + " and " + otherStage + " share a rank", cellOf(action));
        }
        if (!cells.containsKey(partner)) {
            throw fail(
                    action + " has no partner: rank " + schedule.rankOf(otherStage) + " never runs " + partner,
                    cellOf(action));
        }
    }

    private void needsComeFirst() {
        for (List<Action> actions : schedule.actions()) {
            Set<Action> done = new HashSet<>();
            for (Action action : actions) {
                for (Action needed : localNeeds(action)) {
                    if (!done.contains(needed)) {
                        throw fail(
                                action + " needs " + needed + " before it on the same rank"
                                        + (cells.containsKey(needed) ? "" : ", which is missing"),
                                cellOf(action));
                    }
                }
                done.add(action);
                if (action instanceof Action.Compute compute && compute.pass() == Pass.BACKWARD) {
                    done.add(new Action.Compute(compute.stage(), Pass.BACKWARD_INPUT, compute.microbatch()));
                }
            }
        }
    }

    /** The needs of an action that its own rank must have met: another rank's results are needed as a receive. */
    private List<Action> localNeeds(Action action) {
        if (action instanceof Action.Receive) {
            return List.of();
        }
        if (action instanceof Action.ReduceGradients) {
            return schedule.actions().get(schedule.rankOf(action.stage())).stream()
                    .filter(other -> other instanceof Action.Compute && other.stage() == action.stage())
                    .toList();
        }
        List<Action> needs = new ArrayList<>();
        for (Action needed : action.needs(schedule.numStages())) {
            if (schedule.rankOf(needed.stage()) == schedule.rankOf(action.stage())) {
                needs.add(needed);
            } else {
                Pass carried = needed.stage() < action.stage() ? Pass.FORWARD : Pass.BACKWARD;
                needs.add(new Action.Receive(action.stage(), carried, microbatch(action)));
            }
        }
        return needs;
    }

    private void gradientSumsAreComplete() {
        List<Integer> missing = new ArrayList<>();
        List<Cell> present = new ArrayList<>();
        for (int stage = 0; stage < schedule.numStages(); stage++) {
            Cell cell = cells.get(new Action.ReduceGradients(stage));
            if (cell == null) {
                missing.add(stage);
            } else {
                present.add(cell);
            }
        }
        if (!present.isEmpty() && !missing.isEmpty()) {
            throw fail("REDUCE_GRAD must stand for every stage or for none; missing for " + missing, present.get(0));
        }
    }

    private void nobodyWaitsForever() {
        Replay replay = Replay.of(schedule, compute -> 1);
        if (replay.complete()) {
            return;
        }
        List<Cell> stuck = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        for (int rank = 0; rank < schedule.numRanks(); rank++) {
            int position = replay.intervals().get(rank).size();
            List<Action> actions = schedule.actions().get(rank);
            if (position < actions.size()) {
                Action action = actions.get(position);
                stuck.add(new Cell(rank, position, action));
                reasons.add("rank " + rank + " waits in " + action + " for " + action.needs(schedule.numStages()));
            }
        }
        throw fail("dead-lock: " + String.join("; ", reasons), stuck.toArray(Cell[]::new));
    }

    private void messagesKeepTheirOrder() {
        for (int from = 0; from < schedule.numRanks(); from++) {
            for (int to = 0; to < schedule.numRanks(); to++) {
                requireOrder(from, to);
            }
        }
    }

    private void requireOrder(int from, int to) {
        List<Action.Receive> sent = new ArrayList<>();
        for (Action action : schedule.actions().get(from)) {
            if (action instanceof Action.Send send && schedule.rankOf(send.toStage()) == to) {
                sent.add(send.receive());
            }
        }
        int next = 0;
        for (Action action : schedule.actions().get(to)) {
            if (action instanceof Action.Receive receive && schedule.rankOf(receive.fromStage()) == from) {
                Action.Receive expected = sent.get(next++);
                if (!receive.equals(expected)) {
                    throw fail(
                            "rank " + to + " receives " + receive + " where rank " + from + " sends " + expected.send()
                                    + " first: messages of two ranks keep their order",
                            cellOf(receive));
                }
            }
        }
    }

    private Cell cellOf(Action action) {
        Cell cell = cells.get(action);
        if (cell == null) {
            throw new IllegalStateException(action + " stands nowhere");
        }
        return cell;
    }

    private ScheduleException fail(String problem, Cell... offending) {
        Grid grid = Grid.ofPositions(schedule);
        for (Cell cell : offending) {
            grid = grid.marking(cell.rank(), cell.position());
        }
        return new ScheduleException("schedule " + schedule.name() + ": " + problem, grid);
    }
}
