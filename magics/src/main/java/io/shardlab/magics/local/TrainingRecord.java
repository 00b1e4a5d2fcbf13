package io.shardlab.magics.local;

import io.shardlab.cluster.WorkerEvent;
import io.shardlab.cost.StepEstimate;
import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Runs;
import io.shardlab.plan.Plan;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.trace.Span;
import io.shardlab.trace.StepMetrics;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.TreeMap;

/** What was heard of a training run. Heard on threads of the cluster, read when the run has ended. */
final class TrainingRecord {

    /** Spans kept: enough for any picture; older steps are forgotten first. */
    private static final int MOST_SPANS = 200_000;

    private static final int TRACED_STEPS = 20;

    private final Plan plan;
    private final Progress progress;
    private final List<StepMetrics> metrics = new ArrayList<>();
    private final TreeMap<Integer, List<Span>> spans = new TreeMap<>();
    private int numSpans;

    TrainingRecord(Plan plan, Progress progress) {
        this.plan = plan;
        this.progress = progress;
    }

    Plan plan() {
        return plan;
    }

    synchronized List<StepMetrics> metrics() {
        return List.copyOf(metrics);
    }

    void hear(WorkerEvent event) {
        if (!(event instanceof WorkerEvent.Said said)) {
            return;
        }
        if (said.event() instanceof Event.StepDone done) {
            synchronized (this) {
                metrics.add(done.metrics());
            }
            progress.step(done.metrics());
        } else if (said.event() instanceof Event.Spans heard) {
            add(heard);
        } else if (said.event() instanceof Event.Memory memory) {
            progress.memory(memory.use());
        } else if (said.event() instanceof Event.Progress far) {
            progress.progress(far.what(), far.done(), far.total());
        }
    }

    private synchronized void add(Event.Spans heard) {
        spans.computeIfAbsent(heard.step(), key -> new ArrayList<>()).addAll(heard.spans());
        numSpans += heard.spans().size();
        while (numSpans > MOST_SPANS && spans.size() > 1) {
            numSpans -= spans.pollFirstEntry().getValue().size();
        }
    }

    /** A step's timeline, the last one's where none is named. */
    synchronized Timeline timeline(OptionalInt step) {
        if (spans.isEmpty()) {
            return Timeline.of(false, plan.mesh().size(), List.of());
        }
        int wanted = step.orElse(spans.lastKey());
        List<Span> found = spans.get(wanted);
        if (found == null) {
            throw new IllegalArgumentException(
                    "step " + wanted + " has no timeline; allowed: " + spans.firstKey() + " to " + spans.lastKey());
        }
        return Timeline.of(false, plan.mesh().size(), found);
    }

    /** The last steps, as many as a trace viewer shows with ease. */
    private synchronized Timeline recent() {
        List<Span> recent = new ArrayList<>();
        int steps = 0;
        for (List<Span> step : spans.descendingMap().values()) {
            if (steps++ < TRACED_STEPS) {
                recent.addAll(step);
            }
        }
        return Timeline.of(false, plan.mesh().size(), recent);
    }

    Runs.TrainOutcome outcome(
            List<Reply> replies,
            List<Measures.MemoryRow> memory,
            Optional<StepEstimate> predicted,
            Map<String, Object> environment) {
        Timeline last = timeline(OptionalInt.empty());
        Timeline all = steady();
        boolean cancelled = replies.stream().anyMatch(Reply.Cancelled.class::isInstance);
        boolean pipelined = plan.mesh().pipeline() > 1;
        boolean any = !all.spans().isEmpty();
        return new Runs.TrainOutcome(
                plan,
                metrics().size(),
                cancelled,
                metrics(),
                last,
                recent(),
                memory,
                any ? OptionalDouble.of(pipelined ? 100 * all.bubbleShare() : 0) : OptionalDouble.empty(),
                any ? OptionalDouble.of(100 * all.communicationShare()) : OptionalDouble.empty(),
                predicted.map(e -> OptionalDouble.of(e.stepMillis())).orElseGet(OptionalDouble::empty),
                predicted.map(e -> OptionalDouble.of(e.tokensPerSecond())).orElseGet(OptionalDouble::empty),
                new StepTerms(plan, last)
                        .beside(predicted.map(StepEstimate::termMillis).orElse(Map.of())),
                new CountedTraffic(replies).beside(plan),
                environment);
    }

    /** Without the first step, which warms up compilers and caches, where there are others. */
    private synchronized Timeline steady() {
        List<Span> steady = spans.entrySet().stream()
                .filter(entry -> spans.size() == 1 || entry.getKey() > spans.firstKey())
                .flatMap(entry -> entry.getValue().stream())
                .toList();
        return Timeline.of(false, plan.mesh().size(), steady);
    }

    /** Arithmetic of passes in a step, the mean over steps and ranks. */
    double computeMillis() {
        return new StepTerms(plan, steady()).computeMillis();
    }
}
