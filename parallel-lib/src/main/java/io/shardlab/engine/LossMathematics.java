package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.shardlab.plan.LossFunction;
import java.util.List;

/** Scores [b,C] and labels [b] to the sum of the samples' losses. */
final class LossMathematics implements Mathematics {

    private final LossFunction function;
    private final Constants constants;

    LossMathematics(LossFunction function, Constants constants) {
        this.function = function;
        this.constants = constants;
    }

    @Override
    public NDArray forward(List<NDArray> inputs, List<NDArray> weights) {
        NDArray scores_bC = inputs.get(0);
        NDArray labels_b = inputs.get(1);
        long b = scores_bC.getShape().get(0);
        long c = scores_bC.getShape().get(1);
        return switch (function) {
            case CROSS_ENTROPY -> scores_bC
                    .logSoftmax(1)
                    .gather(labels_b.reshape(new Shape(b, 1)), 1)
                    .sum()
                    .neg();
            case L2 -> {
                NDArray targets_bC = labels_b.oneHot(Math.toIntExact(c), scores_bC.getDataType());
                yield scores_bC.sub(targets_bC).square().sum().mul(constants.scalar(0.5 / c));
            }
        };
    }

    @Override
    public boolean differentiable(int input) {
        return input == 0;
    }
}
