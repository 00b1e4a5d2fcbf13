package io.shardlab.model;

import io.shardlab.mesh.Axis;
import io.shardlab.plan.Collective;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The steps of a user's block. Two {@code Linear} in a row, with nothing but element-wise children between them, are cut as in
 * Megatron-LM (Shoeybi et al. 2019, section 3): the first by its outputs, the second by its inputs, whose partial sums an
 * all-reduce completes before the second's bias is added, once. Everything else is computed by every tensor rank.
 */
final class BlockLayers {

    private final BlockSpec model;
    private final int tensorDegree;
    private final boolean uneven;
    private final List<List<BlockSpec.Unit>> groups = new ArrayList<>();

    BlockLayers(BlockSpec model, int tensorDegree, boolean uneven) {
        this.model = model;
        this.tensorDegree = tensorDegree;
        this.uneven = uneven;
        List<BlockSpec.Unit> units = model.units();
        for (int i = 0; i < units.size(); i++) {
            boolean pair = tensorDegree > 1 && i + 1 < units.size() && isPair(units.get(i), units.get(i + 1));
            groups.add(units.subList(i, pair ? i + 2 : i + 1));
            i += pair ? 1 : 0;
        }
        if (tensorDegree > 1 && groups.size() == units.size()) {
            throw new IllegalArgumentException("tp=" + tensorDegree + ": " + model.name()
                    + " has no two Linear blocks in a row with only element-wise blocks between them; use pp (up to "
                    + units.size() + ") or dp, which divides the batch of any block");
        }
    }

    /** Units that stay together on one stage: pairs split over the tensor axis, and single ones. */
    List<List<BlockSpec.Unit>> groups() {
        return groups;
    }

    private boolean isPair(BlockSpec.Unit first, BlockSpec.Unit second) {
        boolean fits = first.linear().isPresent()
                && first.elementwise()
                && second.linear().isPresent()
                && second.linear().getAsInt() == second.first()
                && isUsedOnce(first)
                && isUsedOnce(second);
        if (fits) {
            requireDivisible(first);
        }
        return fits;
    }

    /** A shared parameter is placed alike wherever it is used, so it stays whole. */
    private boolean isUsedOnce(BlockSpec.Unit unit) {
        return unit.parameters().stream()
                .allMatch(parameter -> model.units().stream()
                                .filter(other -> other.parameters().contains(parameter))
                                .count()
                        == 1);
    }

    private void requireDivisible(BlockSpec.Unit first) {
        long columns = first.parameters().get(0).shape().dim(0);
        if (columns < tensorDegree || (columns % tensorDegree != 0 && !uneven)) {
            String even = LongStream.rangeClosed(1, Math.min(columns, 64))
                    .filter(degree -> columns % degree == 0)
                    .mapToObj(String::valueOf)
                    .collect(Collectors.joining(", "));
            throw new IllegalArgumentException("tp=" + tensorDegree + " does not split the " + columns + " columns of "
                    + first.parameters().get(0).name() + " evenly; use --uneven, or tp = " + even);
        }
    }

    /** From {@code x(unit)}, or the samples, to {@code x(unit + group's size)}. */
    List<Step> steps(List<BlockSpec.Unit> group, int unit) {
        String input = unit == 0 ? Stage.TOKENS : "x" + unit;
        BlockSpec.Unit first = group.get(0);
        List<Step> steps = new ArrayList<>();
        if (group.size() == 1) {
            steps.add(new Step.Local(
                    block(first, first.first(), first.flops(), first.parameters(), unit > 0),
                    List.of(input),
                    "x" + (unit + 1)));
            return steps;
        }
        // The samples have no gradient to sum.
        String copied = unit == 0 ? input : input + "'";
        if (unit > 0) {
            steps.add(new Step.Communicate(
                    Collective.COPY, Axis.TENSOR, input, copied, first.input().numElements()));
        }
        steps.add(new Step.Local(
                block(first, first.first(), first.flops(), split(first.parameters(), 0), unit > 0),
                List.of(copied),
                "h" + unit));
        row(steps, group.get(1), unit);
        return steps;
    }

    /** h → partial sums → all-reduce → bias → the unit's other children. */
    private void row(List<Step> steps, BlockSpec.Unit unit, int index) {
        ParameterSpec weight = unit.parameters().get(0);
        boolean biased = unit.parameters().size() > 1;
        boolean followed = unit.end() > unit.first() + 1;
        String output = "x" + (index + 2);
        String sum = biased || followed ? "s" + index : output;
        String complete = followed ? "z" + index : output;
        steps.add(new Step.Local(
                new Segment(
                        weight.name(),
                        new Segment.PartialLinear(afterLinear(unit)),
                        List.of(weight.withPlacement(sizes(weight.shape().dim(1), 1)))),
                List.of("h" + index),
                "y" + index));
        steps.add(new Step.Communicate(
                Collective.ALL_REDUCE,
                Axis.TENSOR,
                "y" + index,
                sum,
                afterLinear(unit).numElements()));
        if (biased) {
            ParameterSpec bias = unit.parameters().get(1);
            steps.add(new Step.Local(
                    new Segment(bias.name(), new Segment.Bias(afterLinear(unit)), List.of(bias)),
                    List.of(sum),
                    complete));
        }
        if (followed) {
            steps.add(new Step.Local(
                    block(unit, unit.first() + 1, 0, List.of(), true), List.of(biased ? complete : sum), output));
        }
    }

    private Segment block(
            BlockSpec.Unit unit, int from, double flops, List<ParameterSpec> parameters, boolean inputGradient) {
        Segment.Block kind = new Segment.Block(
                model.code().id(),
                from,
                unit.end(),
                from == unit.first() ? unit.input() : afterLinear(unit),
                unit.output(),
                inputGradient,
                flops,
                unit.saved());
        return new Segment("children " + from + "–" + (unit.end() - 1), kind, parameters);
    }

    /** What the unit's Linear gives: its input with the last dimension replaced. */
    private static TensorShape afterLinear(BlockSpec.Unit unit) {
        return unit.input()
                .with(unit.input().rank() - 1, unit.parameters().get(0).shape().dim(0));
    }

    private List<ParameterSpec> split(List<ParameterSpec> parameters, int dim) {
        return parameters.stream()
                .map(parameter ->
                        parameter.withPlacement(sizes(parameter.shape().dim(dim), dim)))
                .toList();
    }

    /** Consecutive parts, the first ones longer by one where the length does not divide. */
    private Placement sizes(long length, int dim) {
        return Placement.Split.ofSizes(
                dim,
                IntStream.range(0, tensorDegree)
                        .mapToObj(rank -> length / tensorDegree + (rank < length % tensorDegree ? 1 : 0))
                        .toList());
    }
}
