package io.shardlab.magics.command;

import io.shardlab.mesh.Link;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Which plan to make.
 *
 * @param model preset or folder
 * @param scheme degrees of parallelism; empty for single
 * @param workload as far as said
 * @param schedule of the pipeline, one of {@link #SCHEDULES}; empty for {@code 1f1b}
 * @param type of weights and activations; empty for float32
 * @param options how the scheme is carried out
 * @param seed of random weights; empty for 0
 * @param weights folder of safetensors files
 * @param devices how many the plan may use; empty for as many as the scheme needs
 * @param memoryBytes budget per device to judge against
 * @param pricePerHour of one device
 * @param link between devices, to price with in place of the measured one
 */
public record PlanOptions(
        String model,
        Optional<Scheme> scheme,
        WorkloadChoice workload,
        Optional<String> schedule,
        Optional<TensorType> type,
        Options options,
        OptionalLong seed,
        Optional<Path> weights,
        OptionalInt devices,
        OptionalLong memoryBytes,
        OptionalDouble pricePerHour,
        Optional<Link> link) {

    /** The rules that can be asked for. */
    public static final List<String> SCHEDULES = List.of("gpipe", "1f1b");

    public PlanOptions {
        if (model.isBlank()) {
            throw new IllegalArgumentException("the name of the model is empty; `%shard models` lists the presets");
        }
        int needed = scheme.orElse(Scheme.SINGLE).numRanks();
        if (devices.isPresent() && devices.getAsInt() < needed) {
            throw new IllegalArgumentException("scheme " + scheme.orElse(Scheme.SINGLE) + " needs " + needed
                    + " devices, more than --devices " + devices.getAsInt());
        }
        schedule.ifPresent(name -> Values.choice("schedule", name, SCHEDULES));
    }

    /** A model under a scheme, everything else by default. */
    public static PlanOptions of(String model, Scheme scheme) {
        return new PlanOptions(
                model,
                Optional.of(scheme),
                WorkloadChoice.DEFAULT,
                Optional.empty(),
                Optional.empty(),
                Options.DEFAULT,
                OptionalLong.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                Optional.empty());
    }

    public PlanOptions withWorkload(int batch, int sequence, int microbatches) {
        return new PlanOptions(
                model,
                scheme,
                WorkloadChoice.of(batch, sequence, microbatches),
                schedule,
                type,
                options,
                seed,
                weights,
                devices,
                memoryBytes,
                pricePerHour,
                link);
    }

    public PlanOptions withType(TensorType changed) {
        return new PlanOptions(
                model,
                scheme,
                workload,
                schedule,
                Optional.of(changed),
                options,
                seed,
                weights,
                devices,
                memoryBytes,
                pricePerHour,
                link);
    }

    public PlanOptions withSchedule(String changed) {
        return new PlanOptions(
                model,
                scheme,
                workload,
                Optional.of(changed),
                type,
                options,
                seed,
                weights,
                devices,
                memoryBytes,
                pricePerHour,
                link);
    }

    public PlanOptions withOptions(Options changed) {
        return new PlanOptions(
                model,
                scheme,
                workload,
                schedule,
                type,
                changed,
                seed,
                weights,
                devices,
                memoryBytes,
                pricePerHour,
                link);
    }

    /** Whether the placed plan is already what these options ask for; what they leave open matches anything. */
    public boolean matches(Plan placed) {
        return placed.model().equals(model)
                && weights.isEmpty()
                && scheme.map(placed.scheme()::equals).orElse(true)
                && type.map(placed.type()::equals).orElse(true)
                && schedule.map(placed.schedule().name()::equals).orElse(true)
                && (options.isDefault() || options.equals(placed.options()))
                && (seed.isEmpty() || seed.getAsLong() == placed.seed());
    }
}
