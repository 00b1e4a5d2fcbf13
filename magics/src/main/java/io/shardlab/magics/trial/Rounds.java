package io.shardlab.magics.trial;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Predicate;

/**
 * The order in which a comparison runs: each entry once untimed, then rounds in turn, every other one backwards, so that what
 * drifts with time (clocks, compilers, neighbours) falls on all entries alike.
 *
 * @param <E> what takes turns
 */
public final class Rounds<E> {

    /** Untimed runs of the last entry beyond the first, until one is hardly quicker than the one before. */
    private static final int MOST_EXTRA = 5;

    private static final double HARDLY = 0.9;

    private final List<E> entries;
    private final Predicate<E> reference;
    private final int repeat;
    private int extra;
    private int done;

    /** @param reference the entry that is untimed last, and until compilers have done most */
    public Rounds(List<E> entries, Predicate<E> reference, int repeat) {
        this.entries = List.copyOf(entries);
        this.reference = reference;
        this.repeat = repeat;
    }

    /** Runs one entry. */
    public interface Trial<E> {
        /** Milliseconds of what is compared; empty once the user has asked to stop. */
        OptionalDouble run(E entry, boolean timed);
    }

    /** Runs until all is done or the user asks to stop. */
    public void run(Trial<E> trial, Runnable warm) {
        if (!warmUp(trial)) {
            return;
        }
        warm.run();
        for (int round = 0; round < repeat; round++) {
            List<E> order = new ArrayList<>(entries);
            if (round % 2 == 1) {
                Collections.reverse(order);
            }
            for (E entry : order) {
                if (one(trial, entry, true).isEmpty()) {
                    return;
                }
            }
        }
    }

    private boolean warmUp(Trial<E> trial) {
        List<E> order = new ArrayList<>(entries);
        order.sort(Comparator.comparing(reference::test));
        double millis = Double.POSITIVE_INFINITY;
        for (E entry : order) {
            OptionalDouble took = one(trial, entry, false);
            if (took.isEmpty()) {
                return false;
            }
            millis = took.getAsDouble();
        }
        for (boolean warm = false; !warm && extra < MOST_EXTRA; ) {
            extra++;
            OptionalDouble again = one(trial, order.get(order.size() - 1), false);
            if (again.isEmpty()) {
                return false;
            }
            warm = again.getAsDouble() > HARDLY * millis;
            millis = again.getAsDouble();
        }
        return true;
    }

    private OptionalDouble one(Trial<E> trial, E entry, boolean timed) {
        OptionalDouble took = trial.run(entry, timed);
        if (took.isPresent()) {
            done++;
        }
        return took;
    }

    /** Runs that ended. */
    public int done() {
        return done;
    }

    /** Runs that there will be, as far as is known. */
    public int total() {
        return entries.size() * (repeat + 1) + extra;
    }

    /** What was left undone, in a line for people; nothing where all is done. */
    public List<String> notes() {
        return done < total()
                ? List.of("Stopped after " + done + " of " + total() + " runs, the untimed ones included.")
                : List.of();
    }
}
