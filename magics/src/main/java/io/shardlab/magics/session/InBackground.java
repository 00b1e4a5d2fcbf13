package io.shardlab.magics.session;

import java.util.Optional;

/** What goes on while cells come and go, one at a time: begins it, stops it, refuses what would end it. */
final class InBackground {

    /** How long a cell waits to hear whether what it begins can begin at all. */
    private static final long REFUSAL_MILLIS = 2000;

    private final Work work;
    private final StartedRuns runs;

    InBackground(Work work, StartedRuns runs) {
        this.work = work;
        this.runs = runs;
    }

    /**
     * Begins it on a thread of its own; refuses here what cannot begin, as far as that is known soon.
     *
     * @param waiting for it, as a cell would; must leave a result or throw
     */
    <S extends Started<?>> S begin(S started, Runnable waiting) {
        Thread cell =
                work.begin(started.name(), started::inTheWay, started::isOver, () -> untilItsEnd(started, waiting));
        started.waitsOn(cell);
        try {
            if (started.awaitPrepared(REFUSAL_MILLIS) && !started.underWay()) {
                runs.remove(started);
                started.awaitEnd(); // Soon; until then the next verb would be told of it.
                throw started.problem().orElseThrow();
            }
        } catch (InterruptedException stop) {
            cell.interrupt();
            throw ShardException.interrupted("interrupted: " + started.title() + " is being stopped");
        }
        return started;
    }

    private void untilItsEnd(Started<?> started, Runnable waiting) {
        try {
            waiting.run();
        } catch (ShardException told) {
            started.note(String.valueOf(told.getMessage()));
            work.awaitEarlier(); // Stopped, it may still be on its way to the end of a micro-batch.
            started.fail(told);
            if (told.interrupted() && started.result().isPresent()) {
                started.note("interrupted; " + started.kept());
            }
        } finally {
            started.conclude();
        }
    }

    /** Asks it to stop, or kills the workers if it was asked before; says what came of it. */
    String stop(Optional<String> name) {
        Started<?> run = runs.find("interrupt", name);
        if (run.isOver()) {
            throw new ShardException("interrupt: " + run.title() + " has ended (" + run.story() + ")");
        }
        if (run.state() == Started.State.STOPPING) {
            work.kill();
            return run.title() + " was stopping already: the workers are being killed, with their weights and "
                    + "variables; `%shard up` starts new ones, `%shard restart` places the model again";
        }
        try {
            if (run.stop()) {
                return run.title() + ": " + run.note();
            }
        } catch (InterruptedException enough) {
            throw ShardException.interrupted("interrupted: interrupt; " + run.title() + " is stopping all the same");
        }
        return run.title() + " is still stopping; `%shard interrupt " + run.name() + "` once more kills the workers";
    }

    /** Refuses a verb that would end what goes on, and says what does. */
    void requireNoneBefore(String verb, String otherwise) {
        Optional<Started<?>> run = runs.underWay().filter(Started::inBackground);
        if (run.isPresent()) {
            throw new ShardException(verb + ": " + run.get().title() + " is under way in the background ("
                    + run.get().story() + "); `%shard interrupt " + run.get().name() + "` stops it, " + otherwise);
        }
    }
}
