package io.shardlab.magics.session;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What this session did, as far back as a report shows it. Any thread. */
final class Journal {

    private static final int MOST = 12;

    private final Deque<Run> runs = new ArrayDeque<>();
    private final Deque<Verdict> verdicts = new ArrayDeque<>();
    private final Deque<Compared<?>> comparisons = new ArrayDeque<>();
    private int numRuns;
    private @Nullable PlanView plan;

    synchronized void planned(PlanView made) {
        plan = made;
    }

    synchronized void ran(Run run) {
        numRuns++;
        add(runs, run);
    }

    synchronized void checked(Verdict verdict) {
        add(verdicts, verdict);
    }

    synchronized void compared(Compared<?> comparison) {
        add(comparisons, comparison);
    }

    private static <T> void add(Deque<T> kept, T one) {
        kept.addLast(one);
        if (kept.size() > MOST) {
            kept.removeFirst();
        }
    }

    /** The plan that was shown or placed last. */
    synchronized Optional<PlanView> plan() {
        return Optional.ofNullable(plan);
    }

    /** The last runs, the oldest first. */
    synchronized List<Run> runs() {
        return List.copyOf(runs);
    }

    /** Runs that are no longer kept. */
    synchronized int numForgottenRuns() {
        return numRuns - runs.size();
    }

    synchronized List<Verdict> verdicts() {
        return List.copyOf(verdicts);
    }

    synchronized List<Compared<?>> comparisons() {
        return List.copyOf(comparisons);
    }
}
