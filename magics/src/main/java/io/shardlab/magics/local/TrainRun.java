package io.shardlab.magics.local;

import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Runs;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.StopSignal;
import io.shardlab.run.TrainerState;
import java.util.List;
import java.util.Optional;

/** Trains the placed model from one save to the next. */
final class TrainRun {

    private final Runs.TrainRequest request;
    private final RunningCluster cluster;
    private final TrainingRecord record;
    private final Progress progress;
    private Optional<RuntimeException> unsaved = Optional.empty();

    TrainRun(Runs.TrainRequest request, RunningCluster cluster, TrainingRecord record, Progress progress) {
        this.request = request;
        this.cluster = cluster;
        this.record = record;
        this.progress = progress;
    }

    /** Why the last save failed, if it did. */
    Optional<RuntimeException> unsaved() {
        return unsaved;
    }

    /** Runs, and gives the replies to the whole run; to its part before a save that failed, if one did. */
    List<Reply> replies() {
        int firstStep = cluster.placed().stepsTrained() - request.done();
        cluster.placed()
                .train(new TrainerState.RunState(
                        request.settings(),
                        firstStep,
                        request.workload(),
                        new TrainerState.Text(
                                request.source(),
                                String.valueOf(request.tokens().getFileName()))));
        List<Reply> replies = List.of();
        int done = request.done();
        while (done < request.settings().steps()) {
            int until = request.nextStop(done);
            replies = Replies.joined(replies, part(firstStep, done, until));
            done = until;
            if (replies.stream().anyMatch(Reply.Cancelled.class::isInstance)) {
                return replies;
            }
            if (request.save().isPresent()) {
                try {
                    PlacedCheckpoint.of(cluster, progress)
                            .save(request.save().get(), cluster.placed().state());
                    cluster.placed()
                            .savedIn(request.save().get(), cluster.placed().stepsTrained());
                    progress.saved(done);
                } catch (StopSignal.CancelledRun stopped) {
                    int steps = record.metrics().size();
                    return replies.stream()
                            .<Reply>map(reply -> new Reply.Cancelled(steps))
                            .toList();
                } catch (RuntimeException failed) {
                    unsaved = Optional.of(failed);
                    return replies;
                }
            }
        }
        return replies;
    }

    private List<Reply> part(int firstStep, int done, int until) {
        try {
            return cluster.askUnlessStopped(
                    new Request.Train(
                            record.plan(), request.settings(), request.tokens().toString(), firstStep, done, until),
                    record::hear);
        } finally {
            cluster.placed()
                    .trainedTo(firstStep + request.done() + record.metrics().size());
        }
    }
}
