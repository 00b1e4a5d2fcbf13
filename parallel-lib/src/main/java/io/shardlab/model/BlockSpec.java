package io.shardlab.model;

import io.shardlab.plan.LossFunction;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.tensor.TensorShape;
import java.util.List;
import java.util.OptionalInt;

/**
 * A DJL block that the user wrote, as a worker found it by running it once.
 *
 * @param name that the user gave
 * @param code its compiled form
 * @param loss what training makes small
 * @param units in order, at least one
 */
public record BlockSpec(String name, BlockCode code, LossFunction loss, List<Unit> units) implements Model {

    /**
     * The least that a pipeline can divide: one child with parameters and those without that follow it.
     *
     * @param first index of its first child, sequences inside sequences counted through
     * @param end index after its last child
     * @param label for people, for instance {@code Linear 784→256, ReLU}
     * @param input shape of one sample
     * @param output shape of one sample
     * @param parameters of its children, replicated
     * @param linear index of the child with parameters if that is a {@code Linear}
     * @param elementwise whether the children after that treat each element for itself
     * @param flops of one sample's forward pass: the time it took, times the rate of matrix products
     * @param saved elements that one sample keeps inside for the backward pass
     */
    public record Unit(
            int first,
            int end,
            String label,
            TensorShape input,
            TensorShape output,
            List<ParameterSpec> parameters,
            OptionalInt linear,
            boolean elementwise,
            double flops,
            long saved) {

        public Unit {
            parameters = List.copyOf(parameters);
        }
    }

    public BlockSpec {
        units = List.copyOf(units);
        if (units.isEmpty()) {
            throw new IllegalArgumentException(name + " has no parameters to train");
        }
        TensorShape output = units.get(units.size() - 1).output();
        if (output.rank() != 1) {
            throw new IllegalArgumentException("loss " + loss + " needs one score per class, [C] for each sample; "
                    + name + " gives " + output + " (Blocks.batchFlattenBlock() makes one dimension of several)");
        }
    }

    /** Shape of one sample. */
    public TensorShape input() {
        return units.get(0).input();
    }

    /** C, the scores that the block gives for each sample. */
    public int numClasses() {
        return Math.toIntExact(units.get(units.size() - 1).output().dim(0));
    }

    /** Parameters, shared ones counted once. */
    public long numParameters() {
        return units.stream()
                .flatMap(unit -> unit.parameters().stream())
                .distinct()
                .mapToLong(parameter -> parameter.shape().numElements())
                .sum();
    }

    @Override
    public Plan plan(Scheme scheme, Planner.Settings settings, ScheduleRule rule) {
        return BlockPlanner.plan(this, scheme, settings, rule);
    }
}
