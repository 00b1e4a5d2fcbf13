package io.shardlab.magics.command;

import io.shardlab.mesh.Link;
import io.shardlab.plan.Options;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorType;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Which plan to make.
 *
 * @param model preset or folder
 * @param scheme degrees of parallelism; empty for single
 * @param workload as far as said, schedule included
 * @param type of weights and activations; empty for float32
 * @param said how the scheme is carried out, where anything of it was said; a default that was said is not the same as none
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
        Optional<TensorType> type,
        Optional<Options> said,
        OptionalLong seed,
        Optional<Path> weights,
        OptionalInt devices,
        OptionalLong memoryBytes,
        OptionalDouble pricePerHour,
        Optional<Link> link) {

    public PlanOptions {
        if (model.isBlank()) {
            throw new IllegalArgumentException("the name of the model is empty; `%shard models` lists the presets");
        }
        int needed = scheme.orElse(Scheme.SINGLE).numRanks();
        if (devices.isPresent() && devices.getAsInt() < needed) {
            throw new IllegalArgumentException("scheme " + scheme.orElse(Scheme.SINGLE) + " needs " + needed
                    + " devices, more than --devices " + devices.getAsInt());
        }
    }

    /** A model under a scheme, everything else by default. */
    public static PlanOptions of(String model, Scheme scheme) {
        return of(model, Optional.of(scheme));
    }

    /** Only what is said. */
    static PlanOptions of(String model, Optional<Scheme> scheme) {
        return new PlanOptions(
                model,
                scheme,
                WorkloadChoice.DEFAULT,
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                Optional.empty());
    }

    /** The schedule of the pipeline: a rule's name or that of a schedule that the session knows; empty for the usual one. */
    public Optional<String> schedule() {
        return workload.schedule();
    }

    /** How the scheme is carried out; as usual where nothing was said. */
    public Options options() {
        return said.orElse(Options.DEFAULT);
    }

    public PlanOptions withWorkload(int batch, int sequence, int microbatches) {
        return with(WorkloadChoice.of(batch, sequence, microbatches).withSchedule(workload.schedule()));
    }

    public PlanOptions withSchedule(String changed) {
        return with(workload.withSchedule(Optional.of(changed)));
    }

    private PlanOptions with(WorkloadChoice changed) {
        return new PlanOptions(
                model, scheme, changed, type, said, seed, weights, devices, memoryBytes, pricePerHour, link);
    }

    public PlanOptions withType(TensorType changed) {
        return new PlanOptions(
                model,
                scheme,
                workload,
                Optional.of(changed),
                said,
                seed,
                weights,
                devices,
                memoryBytes,
                pricePerHour,
                link);
    }

    /**
     * Whether the placed weights are already where these options want them; what they leave open matches anything. Another
     * schedule over the same stages moves nothing.
     */
    public boolean matches(Plan placed) {
        return placed.model().equals(model)
                && weights.isEmpty()
                && scheme.map(placed.scheme()::equals).orElse(true)
                && type.map(placed.type()::equals).orElse(true)
                && schedule().map(name -> hasStagesOf(name, placed)).orElse(true)
                && said.map(placed.options()::equals).orElse(true)
                && (seed.isEmpty() || seed.getAsLong() == placed.seed());
    }

    private boolean hasStagesOf(String name, Plan placed) {
        return name.equals(placed.schedule().name())
                || !ScheduleRule.NAMES.contains(name)
                || options().chunks() == placed.options().chunks();
    }
}
