package io.shardlab.magics.local;

import io.shardlab.magics.backend.Schedules;
import io.shardlab.magics.command.Nearest;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.model.BlockSpec;
import io.shardlab.model.Model;
import io.shardlab.model.ModelSpec;
import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.CheckpointFolder;
import io.shardlab.weights.DamagedFileException;
import io.shardlab.weights.FileFailure;
import io.shardlab.weights.SafetensorsFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Makes plans from what users write: finds the model and the schedule that they name. */
final class PlanMaker {

    private final RunningCluster cluster;
    private final UserModels userModels;
    private final Schedules schedules = new Schedules();

    /** @param cluster looks at the notebook's own models before they are planned */
    PlanMaker(RunningCluster cluster, UserModels userModels) {
        this.cluster = cluster;
        this.userModels = userModels;
    }

    Schedules schedules() {
        return schedules;
    }

    /** The model that options name. */
    Model resolve(PlanOptions options) {
        Optional<UserModels.Written> written = userModels.find(options.model());
        if (written.isPresent()) {
            return describe(written.get());
        }
        try {
            if (options.model().indexOf('\0') < 0) {
                CheckpointFolder.settle(Path.of(options.model()));
            }
            return Presets.resolve(options.model());
        } catch (IOException e) {
            throw new IllegalArgumentException("model '" + options.model() + "' cannot be read: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    e.getMessage()
                            + (userModels.names().isEmpty()
                                    ? ""
                                    : " nor a model of this notebook (" + String.join(", ", userModels.names()) + ")")
                            + meant(options.model()),
                    e);
        }
    }

    /** The nearest name, unless what was typed names a folder or file. */
    private String meant(String model) {
        if (!model.matches("[\\w.-]+") || Files.exists(Path.of(model))) {
            return "";
        }
        List<String> names = new ArrayList<>(userModels.names());
        Presets.all().forEach(preset -> names.add(preset.name()));
        return Nearest.guess(model, names);
    }

    /** What a model of this notebook consists of. */
    BlockSpec describe(UserModels.Written written) {
        if (cluster.known().isEmpty()) {
            throw new IllegalStateException("model " + written.name()
                    + " is a block of this notebook, which a worker must run once before it can be planned; `%shard up`"
                    + " starts workers");
        }
        return userModels.describe(written, cluster::ask);
    }

    /** Lets workers that are new take in a model of this notebook. */
    void teach(Model model) {
        if (model instanceof BlockSpec block) {
            userModels.find(block.name()).ifPresent(this::describe);
        }
    }

    Plan make(Model spec, PlanOptions options) {
        Scheme scheme = options.scheme().orElse(Scheme.SINGLE);
        ScheduleRule rule = schedules.rule(
                options.schedule().orElse("1f1b"), options.options().chunks());
        Planner.Settings settings = new Planner.Settings(
                options.type().orElse(TensorType.FLOAT32),
                workload(spec, schedules.completed(options.workload()), scheme),
                rule.name(),
                options.seed().orElse(0),
                options.options().withChunks(rule.chunks()));
        return spec.plan(scheme, settings, rule);
    }

    /** The same plan under another scheme, without what that scheme has no use for. */
    Plan make(Model spec, PlanOptions options, Scheme scheme) {
        return make(spec, withScheme(options, scheme));
    }

    /** Refuses weights that are not those of a plan's model, before anything moves; only headers are read. */
    static void requireWeights(Plan plan, Path weights) {
        if (!Files.exists(weights)) {
            throw new IllegalArgumentException("weights '" + weights
                    + "' are not there; expected a folder of safetensors files, or one such file");
        }
        try (SafetensorsFolder files = SafetensorsFolder.open(weights)) {
            files.verifyModel(plan.parameters());
        } catch (DamagedFileException unfit) {
            throw new IllegalArgumentException(unfit.getMessage(), unfit);
        } catch (IOException unreadable) {
            throw new IllegalArgumentException(
                    "weights '" + weights + "' cannot be read: " + new FileFailure(unreadable).reason(), unreadable);
        }
    }

    private static Plan.Workload workload(Model model, WorkloadChoice choice, Scheme scheme) {
        return model instanceof ModelSpec decoder
                ? choice.forModel(decoder.maxSequence(), scheme)
                : choice.forSamples(scheme);
    }

    private static PlanOptions withScheme(PlanOptions options, Scheme scheme) {
        boolean pipelined = scheme.pipeline() > 1;
        return new PlanOptions(
                options.model(),
                Optional.of(scheme),
                pipelined ? options.workload() : options.workload().withSchedule(Optional.empty()),
                options.type(),
                Optional.of(options.options()
                        .withChunks(pipelined ? options.options().chunks() : 1)
                        .withSequenceParallel(options.options().sequenceParallel() && scheme.tensor() > 1)
                        .withZero(scheme.data() > 1 ? options.options().zero() : 0)),
                options.seed(),
                options.weights(),
                OptionalInt.empty(),
                options.memoryBytes(),
                OptionalDouble.empty(),
                options.link());
    }

    /** The placed plan under another workload, and another schedule where one is asked for. */
    Plan replan(Plan.Workload workload, Optional<String> schedule) {
        cluster.placed().decoder().ifPresent(model -> model.requireSequence(workload.sequence()));
        return replan(cluster.placed().requirePlan(), workload, schedule);
    }

    /** The same of any plan, for as many tokens as it has. */
    Plan replan(Plan plan, Plan.Workload workload, Optional<String> schedule) {
        String name = schedule.orElse(plan.schedule().name());
        return name.equals(plan.schedule().name())
                ? Planner.replan(plan, workload, name)
                : Planner.replan(
                        plan, workload, schedules.rule(name, plan.options().chunks()));
    }
}
