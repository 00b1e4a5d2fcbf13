package io.shardlab.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * When each action of a schedule runs, given what each costs: every rank starts its next action as soon as it and what the
 * action needs are done.
 *
 * <p>A send never waits for its receive; a receive ends when the message has arrived. Messages do not slow each other
 * down. Gradient sums of a rank run one after the other, beside the passes that follow them. The same replay draws schedules, finds dead-locks, predicts step times and splits measured bubbles by cause.
 *
 * @param schedule compute-only or with transfers
 * @param intervals per rank, for each action that could run; shorter than the actions where the rank is stuck
 */
public record Replay(Schedule schedule, List<List<Interval>> intervals) {

    /** When an action runs, in nanoseconds (or any unit) from the start of the step. */
    public record Interval(long start, long end) {}

    /** What the actions cost, in one unit of the caller's choice. */
    public interface Costs {

        long compute(Action.Compute action);

        /** How long the sender is kept busy. */
        default long send(Action.Send action) {
            return 0;
        }

        /** How long the message travels after the sender is done with it. */
        default long transfer(Action.Send action) {
            return 0;
        }

        default long reduce(Action.ReduceGradients action) {
            return 0;
        }
    }

    public Replay {
        intervals = intervals.stream().map(List::copyOf).toList();
    }

    public static Replay of(Schedule schedule, Costs costs) {
        return new Run(schedule, costs).toEnd();
    }

    /** Whether every action ran; if not, each rank with fewer intervals than actions is stuck at the next one. */
    public boolean complete() {
        for (int rank = 0; rank < schedule.numRanks(); rank++) {
            if (intervals.get(rank).size() < schedule.actions().get(rank).size()) {
                return false;
            }
        }
        return true;
    }

    /** When the last pass ends. */
    public long passEnd() {
        long end = 0;
        for (int rank = 0; rank < schedule.numRanks(); rank++) {
            for (int i = 0; i < intervals.get(rank).size(); i++) {
                if (schedule.actions().get(rank).get(i) instanceof Action.Compute) {
                    end = Math.max(end, intervals.get(rank).get(i).end());
                }
            }
        }
        return end;
    }

    /** What a rank does not compute between the start and the last pass of any rank. */
    public long idle(int rank) {
        long busy = 0;
        for (int i = 0; i < intervals.get(rank).size(); i++) {
            if (schedule.actions().get(rank).get(i) instanceof Action.Compute) {
                busy += intervals.get(rank).get(i).end()
                        - intervals.get(rank).get(i).start();
            }
        }
        return passEnd() - busy;
    }

    /** The state of a replay under way. */
    private static final class Run {
        private final Schedule schedule;
        private final Costs costs;
        private final List<List<Interval>> intervals = new ArrayList<>();
        private final long[] clock;
        /** When each rank's sums over the data axis so far are done. */
        private final long[] summed;

        private final Map<Action, Long> doneAt = new HashMap<>();

        Run(Schedule schedule, Costs costs) {
            this.schedule = schedule;
            this.costs = costs;
            this.clock = new long[schedule.numRanks()];
            this.summed = new long[schedule.numRanks()];
            for (int rank = 0; rank < schedule.numRanks(); rank++) {
                intervals.add(new ArrayList<>());
            }
        }

        Replay toEnd() {
            boolean progress = true;
            while (progress) {
                progress = false;
                for (int rank = 0; rank < schedule.numRanks(); rank++) {
                    while (runNext(rank)) {
                        progress = true;
                    }
                }
            }
            return new Replay(schedule, intervals);
        }

        private boolean runNext(int rank) {
            List<Interval> past = intervals.get(rank);
            if (past.size() == schedule.actions().get(rank).size()) {
                return false;
            }
            Action action = schedule.actions().get(rank).get(past.size());
            OptionalLong ready = readyAt(action);
            if (ready.isEmpty()) {
                return false;
            }
            boolean sum = action instanceof Action.ReduceGradients;
            long free = sum ? Math.max(clock[rank], summed[rank]) : clock[rank];
            Interval interval = interval(action, free, ready.getAsLong());
            past.add(interval);
            (sum ? summed : clock)[rank] = interval.end();
            finish(action, interval.end());
            return true;
        }

        private OptionalLong readyAt(Action action) {
            long ready = 0;
            for (Action needed : action.needs(schedule.numStages())) {
                Long done = doneAt.get(needed);
                if (done == null) {
                    return OptionalLong.empty();
                }
                ready = Math.max(ready, done);
            }
            return OptionalLong.of(ready);
        }

        private Interval interval(Action action, long free, long ready) {
            if (action instanceof Action.Receive) {
                return new Interval(free, Math.max(free, ready));
            }
            long start = Math.max(free, ready);
            if (action instanceof Action.Compute compute) {
                return new Interval(start, start + costs.compute(compute));
            }
            if (action instanceof Action.Send send) {
                return new Interval(start, start + costs.send(send));
            }
            return new Interval(start, start + costs.reduce((Action.ReduceGradients) action));
        }

        private void finish(Action action, long end) {
            long done = action instanceof Action.Send send ? end + costs.transfer(send) : end;
            doneAt.putIfAbsent(action, done);
            if (action instanceof Action.Compute compute && compute.pass() == Pass.BACKWARD) {
                doneAt.putIfAbsent(
                        new Action.Compute(compute.stage(), Pass.BACKWARD_INPUT, compute.microbatch()), done);
            }
        }
    }
}
