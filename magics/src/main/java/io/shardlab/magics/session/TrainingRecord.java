package io.shardlab.magics.session;

import io.shardlab.cluster.WorkerEvent;
import io.shardlab.cost.CommunicationEstimate;
import io.shardlab.cost.Hardware;
import io.shardlab.cost.StepEstimate;
import io.shardlab.plan.Plan;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.trace.Bubble;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.PhaseTraffic;
import io.shardlab.trace.Span;
import io.shardlab.trace.StepMetrics;
import io.shardlab.trace.TimeTerm;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What was heard of a training run. Heard on threads of the cluster, read when the run has ended. */
final class TrainingRecord {

    /** Spans kept: enough for any picture; older steps are forgotten first. */
    private static final int MOST_SPANS = 200_000;

    private static final int TRACED_STEPS = 20;

    private final Plan plan;
    private final Backend.Progress progress;
    private final List<StepMetrics> metrics = new ArrayList<>();
    private final TreeMap<Integer, List<Span>> spans = new TreeMap<>();
    private int numSpans;

    TrainingRecord(Plan plan, Backend.Progress progress) {
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

    static List<MemoryUse> memory(List<Reply> replies) {
        List<MemoryUse> uses = new ArrayList<>();
        for (Reply reply : replies) {
            if (reply instanceof Reply.Done done) {
                uses.add(done.memory());
            } else if (reply instanceof Reply.Trained trained) {
                uses.add(trained.memory());
            } else if (reply instanceof Reply.Generated generated) {
                uses.add(generated.memory());
            }
        }
        return uses;
    }

    /** Replies to two requests, one after the other, as if to one. */
    static List<Reply> joined(List<Reply> before, List<Reply> after) {
        List<Reply> joined = new ArrayList<>();
        for (int rank = 0; rank < after.size(); rank++) {
            joined.add(
                    rank < before.size()
                                    && before.get(rank) instanceof Reply.Trained earlier
                                    && after.get(rank) instanceof Reply.Trained later
                            ? joined(earlier, later)
                            : after.get(rank));
        }
        return joined;
    }

    private static Reply joined(Reply.Trained before, Reply.Trained after) {
        Map<MemoryCategory, Long> highest = new EnumMap<>(MemoryCategory.class);
        highest.putAll(before.memory().bytes());
        after.memory().bytes().forEach((category, bytes) -> highest.merge(category, bytes, Math::max));
        Map<String, Reply.Traffic> traffic = new TreeMap<>(before.traffic());
        after.traffic().forEach((name, counted) -> traffic.merge(name, counted, TrainingRecord::plus));
        return new Reply.Trained(
                before.stepsDone() + after.stepsDone(),
                new MemoryUse(after.memory().rank(), highest),
                traffic);
    }

    Backend.TrainOutcome outcome(
            List<Reply> replies,
            List<Backend.MemoryRow> memory,
            Optional<StepEstimate> predicted,
            Map<String, Object> environment) {
        Timeline last = timeline(OptionalInt.empty());
        Timeline all = steady();
        boolean cancelled = replies.stream().anyMatch(Reply.Cancelled.class::isInstance);
        boolean pipelined = plan.mesh().pipeline() > 1;
        boolean any = !all.spans().isEmpty();
        return new Backend.TrainOutcome(
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
                terms(last, predicted.map(StepEstimate::termMillis).orElse(Map.of())),
                communication(replies),
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

    /** Where the time of a step went, as means over the ranks. */
    private List<Backend.TimeTerm> terms(Timeline step, Map<TimeTerm, Double> predicted) {
        if (step.spans().isEmpty()) {
            return List.of();
        }
        double ranks = plan.mesh().size();
        double collective = sum(step, Span.Kind.COLLECTIVE) / ranks;
        double passes = passes(step) / ranks;
        double inPasses = plan.mesh().tensor() > 1 ? Math.min(collective, passes) : 0;
        List<Backend.TimeTerm> terms = new ArrayList<>();
        double total = step.makespanNanos() / 1e6;
        double known = passes;
        terms.add(term("compute", predicted.get(TimeTerm.COMPUTE), passes - inPasses));
        if (plan.mesh().tensor() > 1) {
            terms.add(term("tensorCommunication", predicted.get(TimeTerm.TENSOR_COMMUNICATION), inPasses));
        }
        if (plan.mesh().data() > 1) {
            double exposed = 0;
            for (int rank = 0; rank < step.numRanks(); rank++) {
                exposed += step.exposedSyncNanos(rank) / 1e6 / ranks;
            }
            terms.add(term("dataSync", predicted.get(TimeTerm.DATA_SYNC), exposed));
            known += exposed;
        }
        if (plan.mesh().pipeline() > 1) {
            List<Bubble> bubbles = Bubble.of(step, plan.schedule(), plan.mesh());
            double fill = mean(bubbles, Bubble::fillDrainNanos);
            double imbalance = mean(bubbles, Bubble::imbalanceNanos);
            double latency = mean(bubbles, Bubble::latencyNanos);
            terms.add(term("bubble", predicted.get(TimeTerm.BUBBLE), fill));
            terms.add(term("imbalance", predicted.get(TimeTerm.IMBALANCE), imbalance));
            terms.add(term("latency", predicted.get(TimeTerm.LATENCY), latency));
            known += fill + imbalance + latency;
        }
        terms.add(term("other", predicted.get(TimeTerm.OTHER), Math.max(0, total - known)));
        return terms;
    }

    /** Arithmetic of passes in a step, the mean over steps and ranks. */
    double computeMillis() {
        Timeline steady = steady();
        double passes = passes(steady);
        double inside = plan.mesh().tensor() > 1 ? sum(steady, Span.Kind.COLLECTIVE) : 0;
        return Math.max(0, passes - inside)
                / plan.mesh().size()
                / Math.max(1, steady.steps().size());
    }

    private static double passes(Timeline step) {
        return sum(step, Span.Kind.FORWARD) + sum(step, Span.Kind.BACKWARD) + sum(step, Span.Kind.BACKWARD_WEIGHT);
    }

    private static double sum(Timeline step, Span.Kind kind) {
        return step.spans().stream()
                        .filter(span -> span.kind() == kind)
                        .mapToLong(Span::nanos)
                        .sum()
                / 1e6;
    }

    private static double mean(List<Bubble> bubbles, java.util.function.ToLongFunction<Bubble> part) {
        return bubbles.stream().mapToLong(part).average().orElse(0) / 1e6;
    }

    private static Backend.TimeTerm term(String name, @Nullable Double predicted, double millis) {
        OptionalDouble before = predicted == null ? OptionalDouble.empty() : OptionalDouble.of(predicted);
        return new Backend.TimeTerm(name, before, OptionalDouble.of(millis));
    }

    /** Counted collectives of all ranks beside those the plan implies. */
    private List<Backend.Traffic> communication(List<Reply> replies) {
        Map<String, Reply.Traffic> counted = new TreeMap<>();
        long steps = 0;
        for (Reply reply : replies) {
            if (reply instanceof Reply.Trained trained) {
                steps = trained.stepsDone();
                trained.traffic()
                        .forEach((name, traffic) -> counted.merge(withoutPhase(name), traffic, TrainingRecord::plus));
            }
        }
        if (steps == 0) {
            return List.of();
        }
        Map<String, Reply.Traffic> expected = new TreeMap<>();
        for (PhaseTraffic traffic : CommunicationEstimate.of(plan).phases()) {
            String name = withoutPhase(traffic.heading());
            Reply.Traffic whole = new Reply.Traffic(traffic.count() * steps, traffic.bytes() * steps);
            expected.merge(name, whole, TrainingRecord::plus);
        }
        List<Backend.Traffic> rows = new ArrayList<>();
        java.util.TreeSet<String> names = new java.util.TreeSet<>(expected.keySet());
        names.addAll(counted.keySet());
        for (String name : names) {
            String[] parts = name.split(" ", 2);
            Optional<Reply.Traffic> wanted = Optional.ofNullable(expected.get(name));
            Optional<Reply.Traffic> found = Optional.ofNullable(counted.get(name));
            rows.add(new Backend.Traffic(
                    parts[0].toLowerCase(Locale.ROOT),
                    parts[1],
                    optional(wanted.map(Reply.Traffic::count)),
                    optional(wanted.map(Reply.Traffic::bytes)),
                    optional(found.map(Reply.Traffic::count)),
                    optional(found.map(Reply.Traffic::bytes))));
        }
        return rows;
    }

    /** Files tell axes and collectives apart, not phases. */
    private static String withoutPhase(String heading) {
        return heading.substring(heading.indexOf(' ') + 1);
    }

    private static OptionalLong optional(Optional<Long> value) {
        return value.map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }

    private static Reply.Traffic plus(Reply.Traffic a, Reply.Traffic b) {
        return new Reply.Traffic(a.count() + b.count(), a.bytes() + b.bytes());
    }

    /** An estimate with rates. */
    static StepEstimate estimate(Plan plan, Hardware rates) {
        return StepEstimate.of(plan, rates);
    }
}
