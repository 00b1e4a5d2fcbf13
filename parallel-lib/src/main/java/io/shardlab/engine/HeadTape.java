package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/** The head by hand. Keeps the norm, its output and the logarithms of the probabilities; only the projection is put off. */
final class HeadTape implements Tape {

    private final NDManager manager;
    private final Linear linear;
    private final NDArray targets_BT;
    private final NormMathematics.NormTape norm;
    private final Weight projection;
    /** Logarithms of the probabilities; after {@link #backwardInputs}, the gradient of the logits. */
    private NDArray scores_BTV;

    HeadTape(NDManager manager, Linear linear, double epsilon, List<NDArray> inputs, List<Weight> weights) {
        this.manager = manager;
        this.linear = linear;
        targets_BT = inputs.get(1);
        norm = new NormMathematics.NormTape(manager, inputs.get(0), weights.get(0), epsilon);
        projection = weights.get(1);
        try (NDArray logits_BTV = linear.forward(manager, norm.output(), projection)) {
            scores_BTV = logits_BTV.logSoftmax(2);
        }
    }

    NDArray loss() {
        double sum = loops().sum(
                        DjlTensor.type(scores_BTV),
                        DjlTensor.storage(targets_BT).asLongBuffer(),
                        DjlTensor.storage(scores_BTV));
        return DjlTensor.scalar(manager, DjlTensor.type(scores_BTV), -sum);
    }

    private HostPicks loops() {
        return new HostPicks(Math.toIntExact(projection.value().getShape().get(0)));
    }

    /** The slope of −log softmax(logits)[target] by the logits is softmax(logits) − onehot(target). */
    @Override
    public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
        NDArray probabilities_BTV = scores_BTV.exp();
        scores_BTV.close();
        scores_BTV = probabilities_BTV;
        scores_BTV.muli(outputGradient);
        loops().add(
                        DjlTensor.type(scores_BTV),
                        DjlTensor.storage(targets_BT).asLongBuffer(),
                        DjlTensor.storage(scores_BTV),
                        -DjlTensor.number(outputGradient));
        try (NDArray dnormed_BTD =
                manager.create(norm.output().getShape(), norm.output().getDataType())) {
            linear.inputGradient(scores_BTV, projection, 0, dnormed_BTD);
            return List.of(norm.backwardInputs(dnormed_BTD).get(0), Optional.empty());
        }
    }

    @Override
    public void backwardWeights() {
        linear.weightGradient(scores_BTV, norm.output(), projection);
        close();
    }

    @Override
    public void close() {
        norm.close();
        norm.output().close();
        targets_BT.close();
        scores_BTV.close();
    }
}
