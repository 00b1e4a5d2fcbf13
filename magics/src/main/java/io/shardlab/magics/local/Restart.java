package io.shardlab.magics.local;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterFailure;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.WorkerFailure;
import io.shardlab.cluster.WorkerStatus;
import io.shardlab.magics.backend.Checkpointing;
import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.RankList;
import io.shardlab.magics.backend.Workers;
import io.shardlab.magics.home.ScratchFolder;
import io.shardlab.mesh.Selection;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Workers started anew, with what they held: as it is if all of them still answer, which save it and read it again; else from the
 * last checkpoint, else as it was first placed. A lost worker ends its group, so copies of its shard on other data ranks are gone
 * when this is called.
 */
final class Restart {

    private static final String CARRIED = "checkpoint";

    private final Path home;
    private final RunningCluster cluster;
    private final PlanMaker maker;
    private final Progress progress;
    private final List<String> told = new ArrayList<>();

    Restart(Path home, RunningCluster cluster, PlanMaker maker, Progress progress) {
        this.home = home;
        this.cluster = cluster;
        this.maker = maker;
        this.progress = progress;
    }

    /** Ends workers and starts others. */
    interface Crew {
        Workers.Running anew(ClusterSpec spec);
    }

    Workers.Restarted run(Selection selection, Crew crew) {
        Cluster before = cluster.current();
        int numRanks = before.numRanks();
        List<Integer> asked = cluster.ranks(selection);
        Optional<PlacedModel.Recipe> recipe = cluster.placed().recipe();
        Optional<PlacedModel.Checkpoint> kept = cluster.placed().checkpoint();
        int steps = cluster.placed().stepsTrained();
        Optional<String> why = unfit(before);
        Optional<ScratchFolder> carried = recipe.isPresent() && why.isEmpty() ? carried() : Optional.empty();
        try {
            Workers.Running running = crew.anew(before.spec());
            if (asked.size() < numRanks) {
                told.add(RankList.text(asked) + (asked.size() == 1 ? " was" : " were")
                        + " to be restarted; a group is whole or not at all, so all " + numRanks + " workers are new");
            }
            if (recipe.isPresent()) {
                place(recipe.get());
                giveBack(recipe.get(), carried, kept, steps, why);
            }
            told.add("lost: variables of cells, counted traffic and high-water marks");
            return new Workers.Restarted(running, told);
        } finally {
            carried.ifPresent(ScratchFolder::close);
        }
    }

    /** Why what the workers hold cannot be had from them any more. */
    private Optional<String> unfit(Cluster before) {
        Optional<ClusterFailure> failed = before.failure();
        if (failed.isPresent()) {
            List<WorkerFailure> lost = failed.get().failures();
            return Optional.of(
                    lost.isEmpty() ? "the workers had failed" : lost.get(0).summary());
        }
        for (WorkerStatus status : before.status()) {
            if (status.state() != WorkerStatus.State.READY) {
                return Optional.of("rank " + status.rank() + " did not answer any more (" + status.lastAction() + ")");
            }
        }
        return cluster.placed().plan().isPresent() ? Optional.empty() : Optional.of("its weights were no longer whole");
    }

    /** What the workers hold, as a checkpoint on its way to the new ones; empty if it cannot be had. */
    private Optional<ScratchFolder> carried() {
        ScratchFolder folder = ScratchFolder.create(home, "restart");
        try {
            PlacedCheckpoint.of(cluster, progress)
                    .save(folder.resolve(CARRIED), cluster.placed().state());
            return Optional.of(folder);
        } catch (RuntimeException failed) {
            folder.close();
            if (failed instanceof FailedWorkers || failed instanceof IllegalStateException) {
                told.add("what the workers held could not be kept: " + failed.getMessage());
                return Optional.empty();
            }
            throw failed;
        }
    }

    private void place(PlacedModel.Recipe recipe) {
        maker.teach(recipe.model());
        progress.progress("placing " + recipe.plan().model(), 0, 1);
        List<Reply> replies = cluster.ask(new Request.Place(recipe.plan(), recipe.weights()));
        if (replies.stream().anyMatch(Reply.Cancelled.class::isInstance)) {
            throw new IllegalStateException("the workers are new, but placing was stopped, and nothing is placed now");
        }
        cluster.placed().put(recipe);
    }

    private void giveBack(
            PlacedModel.Recipe recipe,
            Optional<ScratchFolder> carried,
            Optional<PlacedModel.Checkpoint> kept,
            int steps,
            Optional<String> why) {
        String model = recipe.plan().model() + " under " + recipe.plan().scheme();
        if (carried.isPresent()) {
            load(carried.get().resolve(CARRIED));
            kept.ifPresent(last -> cluster.placed().savedIn(last.folder(), last.step()));
            told.add("kept: " + model + " as it was at step " + steps + ", with weights and optimizer state");
            return;
        }
        String reason = why.map(text -> " (" + text + ")").orElse("");
        if (kept.isPresent() && Files.isDirectory(kept.get().folder())) {
            load(kept.get().folder());
            int step = cluster.placed().stepsTrained();
            cluster.placed().savedIn(kept.get().folder(), step);
            told.add("kept: " + model + " from the checkpoint '" + kept.get().folder() + "' of step " + step
                    + (steps > step ? "; lost: " + counted(steps - step) + " since then" + reason : ""));
            return;
        }
        told.add("kept: " + model + ", with its initial weights of "
                + recipe.weights()
                        .map(folder -> "'" + folder + "'")
                        .orElse("seed " + recipe.plan().seed())
                + (steps > 0 ? "; lost: " + counted(steps) + " of training, no checkpoint of which was saved" : "")
                + reason);
    }

    private static String counted(int steps) {
        return steps + (steps == 1 ? " step" : " steps");
    }

    private void load(Path folder) {
        Checkpointing.FilesOutcome outcome =
                PlacedCheckpoint.of(cluster, progress).load(folder);
        cluster.placed().resume(outcome.state());
    }
}
