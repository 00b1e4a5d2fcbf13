package io.shardlab.magics.local;

import io.shardlab.cluster.WorkerEvent;
import io.shardlab.cost.StepEstimate;
import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.backend.Turns;
import io.shardlab.model.Model;
import io.shardlab.plan.Plan;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Lets the workers run what is placed on them. */
final class LocalRuns implements Runs {

    private final Path home;
    private final Machine machine;
    private final RunningCluster cluster;
    private final PlanMaker maker;

    LocalRuns(Path home, Machine machine, RunningCluster cluster, PlanMaker maker) {
        this.home = home;
        this.machine = machine;
        this.cluster = cluster;
        this.maker = maker;
    }

    @Override
    public TrainOutcome train(TrainRequest request, Progress progress) {
        cluster.placed().requirePlan();
        return run(replanned(request), request, progress);
    }

    @Override
    public Plan replanned(TrainRequest request) {
        return maker.replan(request.workload(), request.schedule());
    }

    /** Trains the placed weights by a plan of the same stages. */
    TrainOutcome run(Plan running, TrainRequest request, Progress progress) {
        try (Turns.Turn turn = cluster.turn("train")) {
            return heard(running, request, progress);
        }
    }

    private TrainOutcome heard(Plan running, TrainRequest request, Progress progress) {
        TrainingRecord record = new TrainingRecord(running, progress);
        cluster.placed().record(record);
        TrainRun run = new TrainRun(request, cluster, record, progress);
        List<Reply> replies = run.replies();
        if (run.unsaved().isEmpty()) {
            return outcome(running, record, replies);
        }
        RuntimeException reason = run.unsaved().get();
        TrainOutcome outcome;
        try {
            outcome = outcome(running, record, replies);
        } catch (RuntimeException unknown) {
            // The workers that failed to save may be gone: then that is what the user must hear of.
            reason.addSuppressed(unknown);
            throw reason;
        }
        throw new UnsavedRun(outcome, reason);
    }

    private TrainOutcome outcome(Plan running, TrainingRecord record, List<Reply> replies) {
        MeasuredMemory memory = new MeasuredMemory(cluster);
        List<Measures.MemoryRow> rows = memory.rows(running, Replies.memory(replies));
        if (rows.isEmpty()) {
            rows = memory.ask(false);
        }
        Optional<StepEstimate> before =
                cluster.rates().of(running.model()).map(known -> StepEstimate.of(running, known));
        TrainOutcome outcome = record.outcome(replies, rows, before, machine.environment(cluster.current()));
        if (!outcome.cancelled()) {
            cluster.rates().calibrate(running, record.computeMillis());
        }
        return outcome;
    }

    @Override
    public InferOutcome infer(List<Integer> prompt, int maxNew, TokenListener tokens) {
        Plan plan = cluster.placed().requirePlan();
        List<Double> millis = new ArrayList<>();
        List<Reply> replies = cluster.askUnlessStopped(new Request.Infer(prompt, maxNew), event -> {
            if (event instanceof WorkerEvent.Said said && said.event() instanceof Event.Token token) {
                millis.add(token.millis());
                tokens.token(token.id(), token.millis());
            }
        });
        List<Integer> generated = replies.get(0) instanceof Reply.Generated done ? done.tokens() : List.of();
        return new InferOutcome(
                generated,
                millis.isEmpty() ? 0 : millis.get(0),
                millis,
                new MeasuredMemory(cluster).rows(plan, Replies.memory(replies)),
                tokenTime(plan, replies));
    }

    /** Of the first data rank's ranks: the others only hear the tokens. */
    private static TokenTime tokenTime(Plan plan, List<Reply> replies) {
        double total = 0;
        double communication = 0;
        double waiting = 0;
        long tokens = 0;
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            if (plan.mesh().coordinates(rank).data() == 0 && replies.get(rank) instanceof Reply.Generated done) {
                total += done.time().totalNanos() / 1e6;
                communication += done.time().communicationNanos() / 1e6;
                waiting += done.time().waitingNanos() / 1e6;
                tokens += done.tokens().size();
            }
        }
        return tokens == 0
                ? new TokenTime(0, 0, 0)
                : new TokenTime((total - communication - waiting) / tokens, communication / tokens, waiting / tokens);
    }

    @Override
    public CheckOutcome check(CheckRequest request) {
        try (Turns.Turn turn = cluster.turn("check")) {
            Model spec = cluster.placed().requireModel();
            Plan running = maker.replan(request.workload(), request.schedule());
            return new CheckRun(spec, running, home, asked -> cluster.askUnlessStopped(asked, event -> {}))
                    .run(request);
        }
    }
}
