import com.fasterxml.jackson.databind.ObjectMapper;
import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.mesh.Link;
import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import io.shardlab.trace.Span;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Holds one scheme's workers and trains when told to. Arguments: scheme, preset or model folder, batch, length, token file,
 * home folder, and then in any order {@code link=10GB/s,20us}, {@code zero=1}, {@code sp}, {@code uneven}.
 *
 * <p>Each line of standard input, {@code batch micro-batches steps}, trains so many steps and is answered with one line of
 * JSON: per step the loss, its end on the slowest rank (nanoseconds of the host's monotonic clock) and how long its passes
 * took, and what each rank spent on what in the last step. Ends with its input.
 */
public final class Train {

    private final Cluster cluster;
    private final Plan placed;
    private final String tokens;
    private final Observed observed;
    private int nextStep;

    private Train(Cluster cluster, Plan placed, String tokens, Observed observed) {
        this.cluster = cluster;
        this.placed = placed;
        this.tokens = tokens;
        this.observed = observed;
    }

    /** What the ranks say; the cluster calls it for one thing at a time. */
    private static final class Observed {
        private final Map<Integer, Double> losses = new TreeMap<>();
        private final Map<Integer, Long> ends = new TreeMap<>();
        private final Map<Integer, Long> starts = new TreeMap<>();
        private final Map<Integer, Map<String, Double>> millisByRank = new TreeMap<>();
        private final Map<Integer, Map<Integer, Passes>> passes = new TreeMap<>();

        /** From a rank's first span to the end of its last pass, and the time inside passes; milliseconds. */
        record Passes(double first, double last, double busy) {

            static Passes of(List<Span> spans) {
                List<Span> found = spans.stream().filter(s -> s.kind().isPass()).toList();
                return new Passes(
                        spans.stream().mapToLong(Span::startNanos).min().orElseThrow() / 1e6,
                        found.stream().mapToLong(Span::endNanos).max().orElseThrow() / 1e6,
                        found.stream().mapToLong(Span::nanos).sum() / 1e6);
            }
        }

        synchronized void hear(WorkerEvent event) {
            if (event instanceof WorkerEvent.Said said && said.event() instanceof Event.StepDone done) {
                losses.put(done.metrics().step(), done.metrics().loss());
            } else if (event instanceof WorkerEvent.Said said && said.event() instanceof Event.Spans spans) {
                long start = spans.spans().stream().mapToLong(Span::startNanos).min().orElseThrow();
                long end = spans.spans().stream().mapToLong(Span::endNanos).max().orElseThrow();
                starts.merge(spans.step(), start, Math::min);
                ends.merge(spans.step(), end, Math::max);
                Map<String, Double> millis = new TreeMap<>();
                // The gradient norm is computed and agreed upon in one span: a heading of its own.
                spans.spans()
                        .forEach(s -> millis.merge(
                                s.label().endsWith("gradient norm") ? "COMMIT" : s.kind().name(),
                                s.nanos() / 1e6,
                                Double::sum));
                millisByRank.put(said.rank(), millis);
                passes.computeIfAbsent(spans.step(), step -> new TreeMap<>())
                        .put(said.rank(), Passes.of(spans.spans()));
            }
        }

        synchronized String answer(ObjectMapper json) throws Exception {
            String line = json.writeValueAsString(Map.of(
                    "losses", losses.values(),
                    "begin", starts.values().iterator().next(),
                    "ends", ends.values(),
                    "passes", passes.values(),
                    "lastStepMillisByRank", millisByRank));
            losses.clear();
            passes.clear();
            ends.clear();
            starts.clear();
            return line;
        }
    }

    public static void main(String[] args) throws Exception {
        Scheme scheme = Scheme.parse(args[0]);
        int batch = Integer.parseInt(args[2]);
        int length = Integer.parseInt(args[3]);
        Options options = Options.DEFAULT;
        ClusterSpec spec = ClusterSpec.cpu(scheme.numRanks(), scheme.numRanks()).withThreads(1);
        for (String more : List.of(args).subList(6, args.length)) {
            if (more.startsWith("link=")) {
                spec = spec.withLink(Link.parse(more.substring(5)));
            } else if (more.equals("zero=1")) {
                options = options.withZero(1);
            } else if (more.equals("sp")) {
                options = options.withSequenceParallel(true);
            } else if (more.equals("uneven")) {
                options = options.withUneven(true);
            } else {
                throw new IllegalArgumentException("unknown argument " + more);
            }
        }
        Plan plan = Planner.plan(
                Presets.resolve(args[1]),
                scheme,
                new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(batch, length, 1), "1f1b", 0, options));
        Observed observed = new Observed();
        try (Cluster cluster = Cluster.start(spec, Path.of(args[5]), observed::hear);
                BufferedReader commands = new BufferedReader(new InputStreamReader(System.in))) {
            Train train = new Train(cluster, plan, args[4], observed);
            train.ask(new Request.Place(plan, Optional.empty()));
            System.out.println("{\"ready\":true}");
            ObjectMapper json = new ObjectMapper();
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                String[] words = line.split(" ");
                train.steps(Integer.parseInt(words[0]), Integer.parseInt(words[1]), Integer.parseInt(words[2]));
                System.out.println(observed.answer(json));
            }
        }
    }

    private void steps(int batch, int microbatches, int count) throws Exception {
        Plan.Workload workload = new Plan.Workload(batch, placed.workload().sequence(), microbatches);
        TrainSettings settings = new TrainSettings(count, 3e-4, 0.1, 0.9, 0.95, 1e-8, 0, 0, false, false, 0);
        ask(new Request.Train(Planner.replan(placed, workload, "1f1b"), settings, tokens, nextStep));
        nextStep += count;
    }

    private void ask(Request request) throws Exception {
        List<String> failures = new ArrayList<>();
        for (Reply reply : cluster.submit(request).get()) {
            if (reply instanceof Reply.Failed failed) {
                failures.add(failed.type() + ": " + failed.message() + " " + failed.stack());
            }
        }
        if (!failures.isEmpty()) {
            throw new IllegalStateException(String.join("\n", failures));
        }
    }
}
