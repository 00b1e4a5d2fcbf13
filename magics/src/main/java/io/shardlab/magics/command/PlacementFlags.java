package io.shardlab.magics.command;

import io.shardlab.plan.Options;
import io.shardlab.plan.Scheme;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
            description = "data parallel degree: each takes a part of the batch")
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

    @Mixin
    TypeAndSeedFlags typeAndSeed = new TypeAndSeedFlags();

    @Option(names = "--weights", paramLabel = "PATH", description = "folder of safetensors files")
    @Nullable
    String weights;

    @Option(
            names = "--zero",
            paramLabel = "0|1",
            description = "0 (default) | 1: the optimizer's state is split over the data axis; needs --dp 2 or more")
    @Nullable
    String zero;

    @Option(names = "--sp", description = "sequence parallelism: split values between blocks along tokens")
    boolean sp;

    @Option(
            names = "--recompute",
            description = "compute activations again in the backward pass instead of keeping them")
    boolean recompute;

    @Option(
            names = "--dropout",
            paramLabel = "P",
            converter = Values.Share.class,
            description = "share of each block's output that is dropped while training (default 0)")
    @Nullable
    Double dropout;

    @Option(names = "--uneven", description = "let tensor ranks have unequal numbers of heads and columns")
    boolean uneven;

    @Option(names = "--auto", description = "later: choosing the scheme by search")
    boolean auto;

    /** Of weights and of the order of data; 0 if none was said. */
    long seed() {
        return Values.optional(typeAndSeed.seed).orElse(0);
    }

    /** What was asked for beyond the model: empty if nothing was. */
    private boolean saysScheme() {
        return tp != null || pp != null || dp != null;
    }

    private Optional<Scheme> scheme() {
        return saysScheme()
                ? Optional.of(new Scheme(dp == null ? 1 : dp, pp == null ? 1 : pp, tp == null ? 1 : tp))
                : Optional.empty();
    }

    private int zero() {
        if (zero == null || Values.choice("--zero", zero, List.of("0", "1")).equals("0")) {
            return 0;
        }
        if (dp == null || dp < 2) {
            throw new IllegalArgumentException(
                    "--zero 1 splits the optimizer over the data axis and needs --dp 2 or more; nothing was started");
        }
        return 1;
    }

    private Optional<Options> options() {
        boolean any = chunks != null || numChunks() > 1 || zero != null || sp || uneven || recompute || dropout != null;
        Options options = Options.DEFAULT
                .withChunks(numChunks())
                .withZero(zero())
                .withSequenceParallel(sp)
                .withUneven(uneven)
                .withRecompute(recompute)
                .withDropout(dropout == null ? 0 : dropout);
        return any ? Optional.of(options) : Optional.empty();
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
        OptionalInt devices = Values.optional(pricing.devices);
        OptionalLong memory = Values.optional(pricing.memory);
        OptionalDouble price = pricing.price();
        return new PlanOptions(
                model,
                scheme(),
                workload(),
                Values.optional(typeAndSeed.dtype),
                options(),
                Values.optional(typeAndSeed.seed),
                Optional.ofNullable(weights).map(Values::path),
                devices,
                memory,
                price,
                Values.optional(pricing.link));
    }

    /** A flag that says how to lay a model out, if one was given. Inference has no schedule of its own. */
    private String firstFlag(String verb) {
        Map<String, Boolean> said = new LinkedHashMap<>();
        said.put("--tp", tp != null);
        said.put("--pp", pp != null);
        said.put("--dp", dp != null);
        said.put("--chunks", chunks != null);
        said.put("--dtype", typeAndSeed.dtype != null);
        said.put("--dropout", dropout != null);
        said.put("--recompute", recompute);
        said.put("--weights", weights != null);
        said.put("--zero", zero != null);
        said.put("--sp", sp);
        said.put("--uneven", uneven);
        said.put("--schedule", verb.equals("infer") && workload.schedule != null);
        return said.entrySet().stream()
                .filter(Map.Entry::getValue)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("");
    }

    /** The placement that a verb with an optional MODEL asks for, if it names one. */
    Optional<PlanOptions> readOptional(@Nullable String model, String verb) {
        if (model != null) {
            return Optional.of(read(model, new PricingFlags()));
        }
        String flag = firstFlag(verb);
        if (!flag.isEmpty()) {
            throw new IllegalArgumentException(verb + " " + flag + " needs a MODEL to lay out: `%shard " + verb
                    + " tiny " + flag + " …`; without MODEL the placed one is used");
        }
        workload.read();
        return Optional.empty();
    }
}
