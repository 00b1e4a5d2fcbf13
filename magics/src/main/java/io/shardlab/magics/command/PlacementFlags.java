package io.shardlab.magics.command;

import io.shardlab.plan.Options;
import io.shardlab.plan.Scheme;
import io.shardlab.tensor.TensorType;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is laid out: what plan, place, train, infer and check have in common. */
final class PlacementFlags {

    @Option(names = "--tp", paramLabel = "T", converter = Values.Count.class, description = "tensor parallel degree")
    @Nullable
    Integer tp;

    @Option(names = "--pp", paramLabel = "P", converter = Values.Count.class, description = "pipeline stages")
    @Nullable
    Integer pp;

    @Option(
            names = "--dp",
            paramLabel = "D",
            converter = Values.Count.class,
            description = "data parallel degree: 1; more comes later")
    @Nullable
    Integer dp;

    @Mixin
    WorkloadFlags workload = new WorkloadFlags();

    @Option(
            names = "--chunks",
            paramLabel = "V",
            converter = Values.Count.class,
            description = "stages per rank of an interleaved pipeline (default 2 there, else 1)")
    @Nullable
    Integer chunks;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = Values.Type.class,
            description = "float32 (default) | float64")
    @Nullable
    TensorType dtype;

    @Option(
            names = "--seed",
            paramLabel = "K",
            converter = Values.Seed.class,
            description = "of random weights and of shuffling (default 0)")
    @Nullable
    Long seed;

    @Option(names = "--weights", paramLabel = "PATH", description = "folder of safetensors files")
    @Nullable
    String weights;

    @Option(names = "--zero", paramLabel = "0|1", description = "0; 1, the split optimizer, comes later")
    @Nullable
    String zero;

    @Option(names = "--sp", description = "later: sequence parallelism")
    boolean sp;

    @Option(names = "--recompute", description = "compute activations again in the backward pass instead of keeping them")
    boolean recompute;

    @Option(
            names = "--dropout",
            paramLabel = "P",
            converter = Values.Share.class,
            description = "share of each block's output that is dropped while training (default 0)")
    @Nullable
    Double dropout;

    @Option(names = "--uneven", description = "later: uneven splits")
    boolean uneven;

    @Option(names = "--auto", description = "later: choosing the scheme by search")
    boolean auto;

    /** What was asked for beyond the model: empty if nothing was. */
    private boolean saysScheme() {
        return tp != null || pp != null || dp != null;
    }

    private Optional<Scheme> scheme() {
        return saysScheme()
                ? Optional.of(new Scheme(dp == null ? 1 : dp, pp == null ? 1 : pp, tp == null ? 1 : tp))
                : Optional.empty();
    }

    private void refuseWhatComesLater() {
        if (dp != null && dp > 1) {
            throw Values.later("--dp " + dp, "data parallelism (--dp 1)");
        }
        if (zero != null
                && Values.choice("--zero", zero, java.util.List.of("0", "1")).equals("1")) {
            throw Values.later("--zero 1", "splitting the optimizer over the data axis (--zero 0)");
        }
    }

    private Options options() {
        return Options.DEFAULT
                .withChunks(numChunks())
                .withRecompute(recompute)
                .withDropout(dropout == null ? 0 : dropout);
    }

    private int numChunks() {
        return chunks != null ? chunks : "interleaved".equals(workload.schedule) ? 2 : 1;
    }

    /** Several stages per rank are interleaved unless a schedule is named. */
    private WorkloadChoice workload() {
        WorkloadChoice choice = workload.read();
        return choice.schedule().isEmpty() && numChunks() > 1
                ? choice.withSchedule(Optional.of("interleaved"))
                : choice;
    }

    PlanOptions read(String model, PricingFlags pricing) {
        refuseWhatComesLater();
        OptionalInt devices = Values.optional(pricing.devices);
        OptionalLong memory = Values.optional(pricing.memory);
        OptionalDouble price = pricing.price();
        return new PlanOptions(
                model,
                scheme(),
                workload(),
                Values.optional(dtype),
                options(),
                Values.optional(seed),
                Optional.ofNullable(weights).map(Values::path),
                devices,
                memory,
                price);
    }

    /** Inference has no schedule of its own: what is said about one is about placing. */
    private String inferred(String verb) {
        return verb.equals("infer") && workload.schedule != null ? "--schedule" : "";
    }

    /** The placement that a verb with an optional MODEL asks for, if it names one. */
    Optional<PlanOptions> readOptional(@Nullable String model, String verb) {
        if (model != null) {
            return Optional.of(read(model, new PricingFlags()));
        }
        refuseWhatComesLater();
        String flag = tp != null
                ? "--tp"
                : pp != null
                        ? "--pp"
                        : dp != null
                                ? "--dp"
                                : chunks != null
                                        ? "--chunks"
                                        : dtype != null ? "--dtype" : dropout != null ? "--dropout" : recompute ? "--recompute" : weights != null ? "--weights" : inferred(verb);
        if (!flag.isEmpty()) {
            throw new IllegalArgumentException(verb + " " + flag + " needs a MODEL to lay out: `%shard " + verb
                    + " tiny " + flag + " …`; without MODEL the placed one is used");
        }
        workload.read();
        return Optional.empty();
    }
}
