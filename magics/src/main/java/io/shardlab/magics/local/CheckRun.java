package io.shardlab.magics.local;

import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.home.ScratchFolder;
import io.shardlab.model.Model;
import io.shardlab.model.Planner;
import io.shardlab.parity.BrokenPlan;
import io.shardlab.parity.Comparison;
import io.shardlab.parity.Difference;
import io.shardlab.parity.Shards;
import io.shardlab.parity.Verdict;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Options;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.plan.Segment;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Function;

/**
 * Compares the placed model with one device: both run the same steps from the placed weights, in the placed type and in
 * float64, on copies, so that the placed weights stay as they are.
 */
final class CheckRun {

    private final Model model;
    private final Plan placed;
    private final Path home;
    private final Function<Request, List<Reply>> workers;

    CheckRun(Model model, Plan placed, Path home, Function<Request, List<Reply>> workers) {
        this.model = model;
        this.placed = placed;
        this.home = home;
        this.workers = workers;
    }

    Runs.CheckOutcome run(Runs.CheckRequest request) {
        try (ScratchFolder folder = ScratchFolder.create(home, "check")) {
            Plan sharded = broken(placed, request.breakage());
            List<Reply> dumped =
                    workers.apply(new Request.Dump(folder.resolve("dump").toString()));
            stopIfCancelled(dumped);
            Path weights = folder.resolve("weights");
            Shards.join(placed, folder.resolve("dump"), weights);
            Comparison asPlaced = compare(sharded, request, weights, folder);
            Comparison float64 = placed.type() == TensorType.FLOAT64
                    ? asPlaced
                    : compare(sharded.withType(TensorType.FLOAT64), request, weights, folder);
            return outcome(sharded, asPlaced, float64, request.tolerance());
        } catch (IOException e) {
            throw new UncheckedIOException("check could not write or read its files: " + e.getMessage(), e);
        }
    }

    private Comparison compare(Plan sharded, Runs.CheckRequest request, Path weights, ScratchFolder folder)
            throws IOException {
        Plan.Workload workload = sharded.workload();
        // A data rank's micro-batches are consecutive slices of the batch: one device runs those of all ranks.
        Plan.Workload whole = new Plan.Workload(
                workload.batch(), workload.sequence(), sharded.scheme().data() * workload.microbatches());
        // Dropout is part of what is computed; the other options are only ways to do it.
        Options options = Options.DEFAULT.withDropout(sharded.options().dropout());
        Plan single =
                model.plan(Scheme.SINGLE, new Planner.Settings(sharded.type(), whole, "1f1b", sharded.seed(), options));
        TrainSettings settings = TrainSettings.DEFAULT.withSteps(request.steps());
        Path here = folder.resolve(sharded.type().toString());
        List<Path> folders = new ArrayList<>();
        for (Plan plan : List.of(sharded, single)) {
            Path target = here.resolve(folders.isEmpty() ? "sharded" : "single");
            List<Reply> replies = workers.apply(new Request.Probe(
                    plan, settings, request.tokens().toString(), weights.toString(), target.toString()));
            stopIfCancelled(replies);
            folders.add(target);
        }
        return Comparison.of(sharded, folders.get(0), single, folders.get(1));
    }

    /** The plan with the mistake that was asked for; weights are cut anew by the broken plan. */
    private static Plan broken(Plan plan, Optional<String> breakage) {
        if (breakage.isEmpty()) {
            return plan;
        }
        if (breakage.get().equals("data-sum")) {
            return BrokenPlan.withoutDataSum(plan);
        }
        if (plan.scheme().tensor() == 1) {
            throw new IllegalArgumentException("--break " + breakage.get() + " needs a tensor layout such as tp=2; "
                    + plan.scheme() + " has no collectives to break");
        }
        // In a decoder number 0 completes the embedding, number 1 the attention of the first layer.
        int sum = plan.sampleShape().isPresent() ? 0 : 1;
        return switch (breakage.get()) {
            case "all-reduce" -> BrokenPlan.without(
                    plan, plan.splitsRows() ? Collective.REDUCE_SCATTER : Collective.ALL_REDUCE, sum);
            case "gradient-sum" -> BrokenPlan.without(
                    plan, plan.splitsRows() ? Collective.ALL_GATHER : Collective.COPY, 0);
            default -> BrokenPlan.withSwappedShards(plan, firstSplit(plan));
        };
    }

    private static String firstSplit(Plan plan) {
        return plan.stages().stream()
                .flatMap(stage -> stage.segments().stream())
                .filter(segment -> segment.kind() instanceof Segment.Attention
                        || segment.kind() instanceof Segment.FeedForward
                        || segment.kind() instanceof Segment.Block)
                .flatMap(segment -> segment.parameters().stream())
                .filter(parameter ->
                        parameter.placement() instanceof Placement.Split split && BrokenPlan.canSwap(split))
                .map(ParameterSpec::name)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--break swap needs a matrix split equally between"
                        + " tensor ranks 0 and 1; " + plan.scheme() + " has none"));
    }

    private static void stopIfCancelled(List<Reply> replies) {
        if (replies.stream().anyMatch(Reply.Cancelled.class::isInstance)) {
            throw new IllegalStateException("check was stopped before it had compared anything");
        }
    }

    private static Runs.CheckOutcome outcome(
            Plan plan, Comparison asPlaced, Comparison float64, OptionalDouble tolerance) {
        Verdict verdict = Verdict.of(asPlaced, float64, tolerance.orElse(Verdict.FLOAT64_TOLERANCE));
        List<Runs.CheckRow> rows = new ArrayList<>();
        for (int i = 0; i < asPlaced.differences().size(); i++) {
            Difference difference = asPlaced.differences().get(i);
            Difference judge = float64.differences().get(i);
            boolean wrong = judge.maxRelative() > tolerance.orElse(Verdict.FLOAT64_TOLERANCE);
            String words = wrong ? "bug" : difference.sameBits() ? "same bits" : "rounding";
            rows.add(new Runs.CheckRow(
                    difference.name(),
                    OptionalInt.of(difference.rank()),
                    difference.kind(),
                    difference.maxAbsolute(),
                    difference.maxRelative(),
                    OptionalDouble.of(judge.maxRelative()),
                    words));
        }
        Optional<String> first = verdict.first()
                .map(found -> String.format(
                        Locale.ROOT,
                        "%s %s on rank %d (float64 differs by %.2g of its size)",
                        found.kind(),
                        found.name(),
                        found.rank(),
                        found.maxRelative()));
        return new Runs.CheckOutcome(plan, rows, verdict.kind().toString(), first);
    }
}
