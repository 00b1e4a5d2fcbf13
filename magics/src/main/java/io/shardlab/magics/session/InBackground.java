package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.RankList;
import io.shardlab.mesh.Mesh;
import io.shardlab.mesh.Selection;
import io.shardlab.plan.Plan;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** What goes on while cells come and go, one at a time: begins it, stops it, refuses what would end it. */
final class InBackground {

    /** How long a cell waits to hear whether what it begins can begin at all. */
    private static final long REFUSAL_MILLIS = 2000;

    private final Backend backend;
    private final Work work;
    private final StartedRuns runs;

    InBackground(Backend backend, Work work, StartedRuns runs) {
        this.backend = backend;
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

    /**
     * Asks what runs on one of these ranks to stop, or kills the workers if it was asked before; says what came of it.
     *
     * @param selection which ranks the user wants back; others that run the same stop with them
     */
    String stop(Optional<String> name, Selection selection) {
        Started<?> run = runs.find("interrupt", name);
        if (run.isOver()) {
            throw new ShardException("interrupt: " + run.title() + " has ended (" + run.story() + ")");
        }
        if (selection.equals(Selection.ALL)) {
            return stop(run);
        }
        List<Integer> running = ranks(run.selection());
        List<Integer> wanted = ranks(selection);
        if (Collections.disjoint(running, wanted)) {
            throw new ShardException("interrupt: " + run.title() + " runs on " + RankList.text(running) + ", not on "
                    + RankList.text(wanted) + "; nothing was stopped");
        }
        String told = stop(run);
        return wanted.containsAll(running)
                ? told
                : told + "; what runs on several ranks stops on all of them, here " + RankList.text(running);
    }

    private List<Integer> ranks(Selection selection) {
        return work.look("interrupt", () -> {
            int numRanks = backend.workers().status().size();
            Mesh flat = new Mesh(1, 1, numRanks);
            return selection.ranks(backend.plans()
                    .placed()
                    .map(Plan::mesh)
                    .filter(mesh -> mesh.size() == numRanks)
                    .orElse(flat));
        });
    }

    private String stop(Started<?> run) {
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
