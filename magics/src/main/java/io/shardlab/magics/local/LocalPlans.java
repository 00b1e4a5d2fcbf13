package io.shardlab.magics.local;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.backend.Schedules;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.model.BlockSpec;
import io.shardlab.model.Model;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Presets;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.trace.MemoryUse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** Prices plans with the rates of the workers that run, and puts shards on them. */
final class LocalPlans implements Plans {

    private final RunningCluster cluster;
    private final PlanMaker maker;
    private final UserModels userModels;

    LocalPlans(RunningCluster cluster, PlanMaker maker, UserModels userModels) {
        this.cluster = cluster;
        this.maker = maker;
        this.userModels = userModels;
    }

    @Override
    public List<ModelRow> models() {
        Stream<ModelRow> presets = Presets.all().stream()
                .map(spec -> new ModelRow(
                        spec.name(),
                        "llama",
                        Optional.of(new DecoderSize(
                                spec.numLayers(),
                                spec.hiddenSize(),
                                spec.numHeads(),
                                spec.numKeyValueHeads(),
                                spec.vocabularySize(),
                                spec.maxSequence())),
                        OptionalLong.of(spec.numParameters())));
        return Stream.concat(presets, userModels.rows().stream()).toList();
    }

    @Override
    public ModelOutcome model(ModelOptions options) {
        UserModels.Written written = userModels.write(options);
        if (options.text().isPresent()) {
            if (placed().filter(before -> before.model().equals(written.name())).isPresent()) {
                // The weights on the workers are those of the model that the cell wrote before.
                cluster.placed().giveWay();
            }
            cluster.rates().forget(written.name());
        }
        if (cluster.known().isEmpty()) {
            return new ModelOutcome(written.name(), written.loss().toString(), false, List.of());
        }
        BlockSpec spec = described(written, options.text().isPresent());
        double all = spec.units().stream().mapToDouble(BlockSpec.Unit::flops).sum();
        List<PartRow> rows = new ArrayList<>();
        for (BlockSpec.Unit unit : spec.units()) {
            rows.add(new PartRow(
                    rows.size(),
                    unit.label(),
                    unit.input().toString(),
                    unit.output().toString(),
                    unit.parameters().stream()
                            .mapToLong(parameter -> parameter.shape().numElements())
                            .sum(),
                    100 * unit.flops() / all));
        }
        return new ModelOutcome(spec.name(), spec.loss().toString(), true, rows);
    }

    /** A cell that fails, whatever for, leaves no model. */
    private BlockSpec described(UserModels.Written written, boolean byThisCell) {
        try {
            return maker.describe(written);
        } catch (RuntimeException failed) {
            if (byThisCell) {
                userModels.forget(written);
            }
            throw failed;
        }
    }

    @Override
    public Schedules schedules() {
        return maker.schedules();
    }

    @Override
    public Estimate plan(PlanOptions options) {
        Model spec = maker.resolve(options);
        Plan plan = maker.make(spec, options);
        CheapestFix.Replan replan = new CheapestFix.Replan() {
            @Override
            public Plan under(Scheme scheme) {
                return maker.make(spec, options, scheme);
            }

            @Override
            public Plan inMicrobatches(int number) {
                return maker.replan(plan, plan.workload().inMicrobatches(number), options.schedule());
            }
        };
        return estimates(options).of(plan, Optional.of(replan), options.devices());
    }

    @Override
    public Estimate repriced(Plan.Workload workload, Optional<String> schedule) {
        Plan plan = maker.replan(workload, schedule);
        Estimates estimates = new Estimates(
                cluster.rates().of(plan.model()),
                cluster.memoryBytes(),
                OptionalDouble.empty(),
                cluster.devices(),
                cluster.link());
        return estimates.of(plan, Optional.empty(), OptionalInt.empty());
    }

    private Estimates estimates(PlanOptions options) {
        return new Estimates(
                cluster.rates()
                        .of(options.model())
                        .map(rates -> options.link().map(rates::over).orElse(rates)),
                options.memoryBytes().isPresent() ? options.memoryBytes() : cluster.memoryBytes(),
                options.pricePerHour(),
                cluster.devices(),
                options.link().or(cluster::link));
    }

    @Override
    public Optional<Plan> placed() {
        return cluster.placed().plan();
    }

    @Override
    public PlaceOutcome place(PlanOptions options) {
        Model spec = maker.resolve(options);
        Plan plan = maker.make(spec, options);
        Optional<String> weights = options.weights()
                .or(() -> spec instanceof ModelSpec decoder ? decoder.weights() : Optional.empty())
                .map(path -> path.toAbsolutePath().toString());
        weights.ifPresent(folder -> PlanMaker.requireWeights(plan, Path.of(folder)));
        requireWorkers(plan);
        Estimate estimate = plan(options);
        if (!estimate.fits()) {
            throw new DoesNotFit(estimate);
        }
        long start = System.nanoTime();
        cluster.placed().giveWay();
        List<Reply> replies = cluster.askUnlessStopped(new Request.Place(plan, weights), event -> {});
        if (replies.stream().anyMatch(Reply.Cancelled.class::isInstance)) {
            throw new IllegalStateException("the placing was stopped, and nothing is placed now; `%shard place "
                    + plan.model() + "` begins anew");
        }
        cluster.placed().put(new PlacedModel.Recipe(plan, spec, weights));
        List<PlacedRow> rows = new ArrayList<>();
        for (RankEstimate rank : estimate.ranks()) {
            MemoryUse use = ((Reply.Done) replies.get(rank.rank())).memory();
            rows.add(new PlacedRow(
                    rank.rank(),
                    rank.role(),
                    cluster.current().spec().devices().get(rank.rank()).toString(),
                    rank.layers(),
                    Estimates.cut(plan, rank.rank()),
                    rank.parameters(),
                    Estimates.weightBytes(rank.memory()),
                    Estimates.weightBytes(use)));
        }
        return new PlaceOutcome(plan, rows, (System.nanoTime() - start) / 1e6);
    }

    private void requireWorkers(Plan plan) {
        int needed = plan.mesh().size();
        if (cluster.known().isEmpty()) {
            throw new IllegalStateException(
                    "no workers; `%shard up -n " + needed + "` starts the ones that " + plan.scheme() + " needs");
        }
        if (needed > cluster.current().numRanks()) {
            throw new IllegalArgumentException(plan.scheme() + " needs " + needed + " workers; there are "
                    + cluster.current().numRanks() + " (`%shard up -n " + needed + " --replace`)");
        }
    }
}
