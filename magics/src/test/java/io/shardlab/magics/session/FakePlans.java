package io.shardlab.magics.session;

import io.shardlab.mesh.Axis;
import io.shardlab.plan.Action;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Options;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Schedule;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.Span;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Plans and timelines of the right form, without a planner: a tiny decoder of eight layers. */
public final class FakePlans {

    static final int LAYERS = 8;
    private static final long D = 64;

    private FakePlans() {}

    public static Plan tiny(Scheme scheme, Plan.Workload workload, String rule) {
        List<Stage> stages = new ArrayList<>();
        int p = scheme.pipeline();
        for (int s = 0; s < p; s++) {
            stages.add(stage(s, p, scheme.tensor()));
        }
        return new Plan(
                "tiny",
                scheme,
                TensorType.FLOAT32,
                workload,
                D,
                256,
                0,
                Options.DEFAULT,
                stages,
                schedule(p, workload.microbatches(), rule));
    }

    private static Stage stage(int index, int p, int tp) {
        List<Step> steps = new ArrayList<>();
        String at = index == 0 ? Stage.TOKENS : "x" + index;
        String input = at;
        if (index == 0) {
            steps.add(new Step.Local(
                    new Segment("embed_tokens", new Segment.Embedding(), List.of(matrix("embed", 256, D, 1))),
                    List.of(at),
                    "e"));
            at = "e";
        }
        int from = index * LAYERS / p;
        int to = (index + 1) * LAYERS / p;
        for (int layer = from; layer < to; layer++) {
            String name = "layers." + layer;
            steps.add(new Step.Communicate(Collective.COPY, Axis.TENSOR, at, name + ".c", D));
            steps.add(new Step.Local(
                    new Segment(name + ".mlp", new Segment.FeedForward(), List.of(matrix(name + ".up", 4 * D, D, tp))),
                    List.of(name + ".c"),
                    name + ".p"));
            steps.add(new Step.Communicate(Collective.ALL_REDUCE, Axis.TENSOR, name + ".p", name, D));
            at = name;
        }
        String output = at;
        if (index == p - 1) {
            steps.add(new Step.Local(
                    new Segment("head", new Segment.Head(1e-5), List.of(matrix("lm_head", 256, D, 1))),
                    List.of(at, Stage.TARGETS),
                    Stage.LOSS));
            output = Stage.LOSS;
        }
        return new Stage(index, index, "layers " + from + "–" + (to - 1), steps, input, output);
    }

    private static ParameterSpec matrix(String name, long rows, long columns, int tp) {
        Placement placement =
                tp == 1 ? Placement.replicated() : Placement.Split.ofSizes(0, Collections.nCopies(tp, rows / tp));
        return new ParameterSpec(name + ".weight", TensorShape.of(rows, columns), placement, 0.02);
    }

    private static Schedule schedule(int p, int m, String rule) {
        List<List<Action>> ranks = new ArrayList<>();
        for (int rank = 0; rank < p; rank++) {
            List<Action> actions = new ArrayList<>();
            int warm = rule.equals("gpipe") ? m : Math.min(m, p - rank);
            int backward = 0;
            for (int i = 0; i < warm; i++) {
                actions.add(new Action.Compute(rank, Pass.FORWARD, i));
            }
            for (int i = warm; i < m; i++) {
                actions.add(new Action.Compute(rank, Pass.BACKWARD, backward++));
                actions.add(new Action.Compute(rank, Pass.FORWARD, i));
            }
            while (backward < m) {
                actions.add(new Action.Compute(rank, Pass.BACKWARD, backward++));
            }
            ranks.add(actions);
        }
        return new Schedule(rule, p, m, ranks);
    }

    /** Runs the schedule with forwards of 1 ms, backwards of 2 ms and messages of 0.2 ms. */
    public static Timeline timeline(Plan plan, int step, boolean predicted) {
        int tp = plan.scheme().tensor();
        List<Span> spans = new ArrayList<>();
        Map<String, Long> done = new HashMap<>();
        long[] clock = new long[plan.schedule().numRanks()];
        int[] next = new int[clock.length];
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int rank = 0; rank < clock.length; rank++) {
                List<Action> actions = plan.schedule().actions().get(rank);
                while (next[rank] < actions.size()) {
                    Action.Compute action = (Action.Compute) actions.get(next[rank]);
                    boolean forward = action.pass() == Pass.FORWARD;
                    int from = forward ? rank - 1 : rank + 1;
                    boolean first = from < 0 || from >= clock.length;
                    Long ready = first
                            ? Long.valueOf(0)
                            : done.get(from + action.pass().letter() + action.microbatch());
                    if (ready == null) {
                        break;
                    }
                    long start = Math.max(clock[rank], ready);
                    long end = start + (forward ? 1_000_000L : 2_000_000L);
                    for (int t = 0; t < tp; t++) {
                        int r = rank * tp + t;
                        if (start > clock[rank]) {
                            spans.add(new Span(r, step, Span.Kind.RECEIVE, "recv", clock[rank], start, 0));
                        }
                        spans.add(new Span(
                                r,
                                step,
                                forward ? Span.Kind.FORWARD : Span.Kind.BACKWARD,
                                action.toString(),
                                start,
                                end,
                                0));
                        if (tp > 1) {
                            spans.add(new Span(
                                    r,
                                    step,
                                    Span.Kind.COLLECTIVE,
                                    "all_reduce",
                                    start + 600_000,
                                    start + 800_000,
                                    4096));
                        }
                        spans.add(new Span(r, step, Span.Kind.SEND, "send", end, end + 200_000, 4096));
                    }
                    clock[rank] = end + 200_000;
                    done.put(rank + action.pass().letter() + action.microbatch(), clock[rank]);
                    next[rank]++;
                    moved = true;
                }
            }
        }
        for (int rank = 0; rank < clock.length * tp; rank++) {
            long at = clock[rank / tp];
            spans.add(new Span(rank, step, Span.Kind.OPTIMIZER, "step", at, at + 500_000, 0));
        }
        spans.sort(Comparator.comparingInt(Span::rank).thenComparingLong(Span::startNanos));
        return new Timeline(predicted, clock.length * tp, spans);
    }
}
