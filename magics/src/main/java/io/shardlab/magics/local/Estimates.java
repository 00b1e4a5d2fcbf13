package io.shardlab.magics.local;

import io.shardlab.cost.CommunicationEstimate;
import io.shardlab.cost.Hardware;
import io.shardlab.cost.MemoryEstimate;
import io.shardlab.cost.StepEstimate;
import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.home.Corpus;
import io.shardlab.mesh.Coordinates;
import io.shardlab.mesh.Link;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Stage;
import io.shardlab.run.Reply;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.TimeTerm;
import io.shardlab.trace.Traffic;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What plans will cost.
 *
 * @param rates measured on the workers; without them there is no time estimate
 * @param limitBytes memory of each rank to judge against
 * @param pricePerHour of one device
 * @param devices of the running workers, by rank
 * @param link that is simulated or priced in place of the machine's own
 */
record Estimates(
        Optional<Hardware> rates,
        OptionalLong limitBytes,
        OptionalDouble pricePerHour,
        List<String> devices,
        Optional<Link> link) {

    static final double MEGABYTE = 1 << 20;

    /** The slowest rank's rates: a step waits for it. */
    static Hardware hardware(List<Reply> replies) {
        double flops = Double.POSITIVE_INFINITY;
        double bytes = Double.POSITIVE_INFINITY;
        long latency = 1;
        for (Reply reply : replies) {
            Reply.Measured measured = (Reply.Measured) reply;
            flops = Math.min(flops, measured.flopsPerSecond());
            bytes = measured.bytesPerSecond() > 0 ? Math.min(bytes, measured.bytesPerSecond()) : bytes;
            latency = Math.max(latency, measured.latencyNanos());
        }
        // A single rank sends nothing; any bandwidth does.
        return new Hardware(flops, Double.isInfinite(bytes) ? flops : bytes, latency);
    }

    /** Rates under which the estimate of a run's arithmetic is what was measured: small operations cost more than their flops. */
    static Hardware calibrated(Hardware rates, Plan plan, double measuredComputeMillis) {
        double predicted = StepEstimate.of(plan, rates).termMillis().getOrDefault(TimeTerm.COMPUTE, 0.0);
        if (predicted <= 0 || measuredComputeMillis <= 0) {
            return rates;
        }
        return rates.withFlops(rates.flopsPerSecond() * predicted / measuredComputeMillis);
    }

    /**
     * Prices a plan.
     *
     * @param replan where the plan can be changed to one that fits
     * @param limit how many devices there may be
     */
    Plans.Estimate of(Plan plan, Optional<CheapestFix.Replan> replan, OptionalInt limit) {
        List<Plans.RankEstimate> ranks = ranks(plan);
        List<String> advice = new ArrayList<>();
        ranks.stream().filter(rank -> !rank.fits()).findFirst().ifPresent(rank -> {
            advice.add(refusal(plan, rank));
            advice.add(new CheapestFix(plan, limitBytes.orElse(Long.MAX_VALUE), replan).text(rank.memory(), limit));
        });
        Optional<StepEstimate> step = rates.map(hardware -> StepEstimate.of(plan, hardware));
        link.ifPresent(line -> advice.add(label(line)));
        if (step.isEmpty()) {
            link.ifPresent(line -> advice.add(communication(plan, line)));
            advice.add("no time estimate: rates are measured when workers come up (`%shard up`)");
        }
        Corpus.unusedTokenizer(plan.model()).ifPresent(advice::add);
        OptionalDouble bubble = OptionalDouble.of(100 * bubbleShare(plan));
        return new Plans.Estimate(
                plan,
                ranks,
                bubble,
                step.map(s -> OptionalDouble.of(s.stepMillis())).orElseGet(OptionalDouble::empty),
                step.map(s -> OptionalDouble.of(s.tokensPerSecond())).orElseGet(OptionalDouble::empty),
                step.map(s -> price(plan, s)).orElseGet(OptionalDouble::empty),
                advice,
                step.map(StepEstimate::timeline));
    }

    /** How figures that rest on a link are marked. */
    static String label(Link link) {
        return "simulated link " + link;
    }

    /** The time that a step's messages take, which a link alone says. */
    private static String communication(Plan plan, Link link) {
        Hardware line = new Hardware(1, link.bytesPerSecond(), link.latencyNanos(), Hardware.CHUNK_BYTES);
        long[] nanos = new long[plan.mesh().size()];
        for (Traffic traffic : CommunicationEstimate.of(plan).traffic()) {
            long each = traffic.bytes() / Math.max(1, traffic.count());
            boolean send = traffic.collective().equals(CommunicationEstimate.SEND);
            nanos[traffic.rank()] += traffic.count() * (send ? line.messageNanos(each) : line.collectiveNanos(each));
        }
        return String.format(
                Locale.ROOT,
                "communication over it: %.2f ms per step on the rank that sends longest, not counting what overlaps",
                Arrays.stream(nanos).max().orElse(0) / 1e6);
    }

    /** The idle share of the simulated pipeline; without measured rates, of passes in the ratio of their arithmetic. */
    private double bubbleShare(Plan plan) {
        Hardware hardware = rates.orElse(new Hardware(1e11, 1e10, 1));
        return plan.mesh().pipeline() == 1 ? 0 : StepEstimate.of(plan, hardware).bubbleShare();
    }

    private OptionalDouble price(Plan plan, StepEstimate step) {
        if (pricePerHour.isEmpty()) {
            return OptionalDouble.empty();
        }
        double perSecond = pricePerHour.getAsDouble() * plan.mesh().size() / 3600;
        return OptionalDouble.of(perSecond / step.tokensPerSecond() * 1e6);
    }

    private List<Plans.RankEstimate> ranks(Plan plan) {
        List<MemoryUse> memory = MemoryEstimate.of(plan).ranks();
        List<Traffic> traffic = CommunicationEstimate.of(plan).traffic();
        List<Plans.RankEstimate> ranks = new ArrayList<>();
        for (int rank = 0; rank < plan.mesh().size(); rank++) {
            Map<String, Long> sent = new TreeMap<>();
            for (Traffic one : traffic) {
                if (one.rank() == rank) {
                    sent.merge(one.axis().shortName() + " " + one.collective(), one.bytes(), Long::sum);
                }
            }
            MemoryUse use = memory.get(rank);
            ranks.add(new Plans.RankEstimate(
                    rank,
                    plan.mesh().role(rank),
                    rank < devices.size() ? devices.get(rank) : "-",
                    layers(plan, rank),
                    numParameters(plan, rank),
                    use,
                    limitBytes,
                    sent,
                    limitBytes.isEmpty() || use.totalBytes() <= limitBytes.getAsLong()));
        }
        return ranks;
    }

    private static String layers(Plan plan, int rank) {
        return plan.stagesOf(plan.mesh().coordinates(rank).pipeline()).stream()
                .map(Stage::label)
                .collect(Collectors.joining("; "));
    }

    private static List<ParameterSpec> parameters(Plan plan, int rank) {
        return plan.stagesOf(plan.mesh().coordinates(rank).pipeline()).stream()
                .flatMap(stage -> stage.parameters().stream())
                .distinct()
                .toList();
    }

    static long numParameters(Plan plan, int rank) {
        int index = plan.mesh().coordinates(rank).tensor();
        return parameters(plan, rank).stream()
                .mapToLong(parameter -> parameter.localShape(index).numElements())
                .sum();
    }

    /** Which part of the split matrices a rank holds, by the first of each sort; of keys where ranks share some. */
    static String cut(Plan plan, int rank) {
        Coordinates at = plan.mesh().coordinates(rank);
        StringBuilder text = new StringBuilder();
        for (String name : List.of("q_proj", "k_proj", "gate_proj", "embed_tokens", "lm_head")) {
            for (ParameterSpec parameter : parameters(plan, rank)) {
                if (parameter.name().contains(name)
                        && parameter.placement() instanceof Placement.Split split
                        && (!name.equals("k_proj") || split.overlaps())) {
                    Extent extent = split.extents().get(at.tensor());
                    text.append(text.isEmpty() ? "" : ", ")
                            .append(String.format(
                                    Locale.ROOT,
                                    "%s rows %d–%d of %d",
                                    name,
                                    extent.start(),
                                    extent.end() - 1,
                                    parameter.shape().dim(split.dim())));
                    break;
                }
            }
        }
        return text.isEmpty() ? blockCut(plan, rank) : text.toString();
    }

    /** The same for a user's block: its first split matrix. */
    private static String blockCut(Plan plan, int rank) {
        for (ParameterSpec parameter : parameters(plan, rank)) {
            if (parameter.placement() instanceof Placement.Split split) {
                Extent extent =
                        split.extents().get(plan.mesh().coordinates(rank).tensor());
                return String.format(
                        Locale.ROOT,
                        "%s rows %d–%d of %d",
                        parameter.name(),
                        extent.start(),
                        extent.end() - 1,
                        parameter.shape().dim(split.dim()));
            }
        }
        return "whole";
    }

    static OptionalLong weightBytes(MemoryUse use) {
        Long bytes = use.bytes().get(MemoryCategory.WEIGHTS);
        return bytes == null ? OptionalLong.empty() : OptionalLong.of(bytes);
    }

    private String refusal(Plan plan, Plans.RankEstimate rank) {
        MemoryUse use = rank.memory();
        String terms = use.bytes().entrySet().stream()
                .filter(entry -> entry.getValue() > 0)
                .sorted(Map.Entry.<MemoryCategory, Long>comparingByValue().reversed())
                .limit(4)
                .map(entry -> String.format(
                        Locale.ROOT,
                        "%s %.0f",
                        entry.getKey().name().toLowerCase(Locale.ROOT),
                        entry.getValue() / MEGABYTE))
                .collect(Collectors.joining(", "));
        return String.format(
                Locale.ROOT,
                "%s under %s needs %.0f MB on rank %d (%s), the limit is %.0f MB.",
                plan.model(),
                plan.scheme(),
                use.totalBytes() / MEGABYTE,
                rank.rank(),
                terms,
                limitBytes.orElse(0) / MEGABYTE);
    }
}
