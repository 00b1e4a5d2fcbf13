package io.shardlab.magics.session;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.backend.Schedules;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.trace.MemoryUse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Plans and places one model of four heads. */
final class FakePlanner implements Plans {

    /** All of one shape. */
    private static final List<String> MODELS = List.of("tiny", "small", "char", "mlp");

    private final FakeBackend backend;
    private final Schedules schedules = new Schedules();

    FakePlanner(FakeBackend backend) {
        this.backend = backend;
    }

    @Override
    public ModelOutcome model(ModelOptions options) {
        backend.started.add("model " + options.name());
        PartRow part = new PartRow(0, "Linear 4→2 <b>", "[4]", "[2]", 10, 100);
        return new ModelOutcome(
                options.name(), "cross-entropy", backend.workers > 0, backend.workers > 0 ? List.of(part) : List.of());
    }

    @Override
    public List<ModelRow> models() {
        return List.of(
                new ModelRow(
                        "tiny",
                        "llama",
                        Optional.of(new DecoderSize(FakePlans.LAYERS, 64, 4, 4, 256, 512)),
                        OptionalLong.of(1_000_000)),
                ModelRow.ofNotebook("mlp", OptionalLong.empty()));
    }

    static Plan make(PlanOptions options) {
        if (options.model().startsWith("/")) {
            throw new IllegalArgumentException("model folder " + options.model() + " is not there");
        }
        if (!MODELS.contains(options.model())) {
            throw new IllegalArgumentException("unknown model '" + options.model() + "'; presets: tiny");
        }
        options.weights().ifPresent(path -> {
            throw new IllegalArgumentException("weights folder " + path + " is not there");
        });
        Scheme scheme = options.scheme().orElse(Scheme.SINGLE);
        if (scheme.tensor() > 4
                || (4 % scheme.tensor() != 0 && !options.options().uneven())) {
            throw new IllegalArgumentException(
                    "tp=" + scheme.tensor() + " does not split 4 heads evenly; allowed: tp = 1, 2, 4, or --uneven");
        }
        if (scheme.pipeline() > FakePlans.LAYERS) {
            throw new IllegalArgumentException(
                    "pp=" + scheme.pipeline() + " is more than " + FakePlans.LAYERS + " layers");
        }
        return FakePlans.tiny(
                scheme,
                options.workload().forModel(512, scheme),
                options.schedule().orElse("1f1b"));
    }

    @Override
    public Estimate plan(PlanOptions options) {
        Plan plan = make(options);
        List<RankEstimate> ranks = new ArrayList<>();
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            MemoryUse use = FakeMeasures.use(rank);
            OptionalLong limit = options.memoryBytes().isPresent() ? options.memoryBytes() : backend.memoryBytes;
            boolean fits = use.totalBytes() <= limit.orElse(Long.MAX_VALUE);
            ranks.add(new RankEstimate(
                    rank,
                    plan.mesh().role(rank),
                    "cpu:" + rank,
                    plan.stages().get(plan.mesh().coordinates(rank).pipeline()).label(),
                    250_000,
                    use,
                    limit,
                    Map.of("tp all_reduce", 3L << 20, "pp send", 1L << 20),
                    fits));
        }
        return new Estimate(
                plan,
                ranks,
                OptionalDouble.of(20),
                OptionalDouble.of(41.5),
                OptionalDouble.of(24_000),
                OptionalDouble.empty(),
                ranks.stream().allMatch(RankEstimate::fits) ? List.of() : List.of("does not fit; cheapest fix: tp=2"),
                Optional.of(FakePlans.timeline(plan, 0, true)));
    }

    @Override
    public Estimate repriced(Plan.Workload workload, Optional<String> schedule) {
        Plan placed = placed().orElseThrow();
        return plan(PlanOptions.of(placed.model(), placed.scheme())
                .withWorkload(workload.batch(), workload.sequence(), workload.microbatches()));
    }

    @Override
    public Optional<Plan> placed() {
        return Optional.ofNullable(backend.placed);
    }

    @Override
    public PlaceOutcome place(PlanOptions options) {
        if (backend.placeUntilCancelled) {
            backend.training.countDown();
            FakeRuns.await(backend.cancelled);
        }
        Plan plan = make(options);
        if (plan.mesh().size() > Math.max(backend.workers, FakeBackend.DEVICES)) {
            throw new IllegalArgumentException("scheme " + plan.scheme() + " needs "
                    + plan.mesh().size() + " workers; there are " + backend.workers);
        }
        Estimate estimate = plan(options);
        if (!estimate.fits()) {
            throw new DoesNotFit(estimate);
        }
        backend.started.add("place " + plan.model() + " " + plan.scheme());
        backend.placed = plan;
        return new PlaceOutcome(
                plan,
                List.of(new PlacedRow(
                        0,
                        "single",
                        "cpu:0",
                        "layers 0–7",
                        "all",
                        1_000_000,
                        OptionalLong.of(4 << 20),
                        OptionalLong.of(4 << 20))),
                123);
    }

    @Override
    public Schedules schedules() {
        return schedules;
    }
}
