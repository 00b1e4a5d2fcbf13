package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A segment's autograd graph. It cannot be split: weights get their gradients together with inputs. */
final class AutogradTape implements Tape {

    private final Mathematics mathematics;
    private final NDArray output;
    private final List<NDArray> inputs;
    private final List<NDArray> leaves;
    private final List<Weight> weights;

    private AutogradTape(
            Mathematics mathematics, NDArray output, List<NDArray> inputs, List<NDArray> leaves, List<Weight> weights) {
        this.mathematics = mathematics;
        this.output = output;
        this.inputs = inputs;
        this.leaves = leaves;
        this.weights = weights;
    }

    /** Computes a segment with the engine's operators; takes the inputs over. */
    static Computed record(
            Mathematics mathematics, NDManager manager, List<NDArray> inputs, List<Weight> weights, boolean training) {
        // Intermediate results live on a manager that closes at once: what the graph needs, it holds itself.
        try (NDManager temporary = manager.newSubManager()) {
            for (int i = 0; i < inputs.size(); i++) {
                inputs.get(i).attach(temporary);
                inputs.get(i).setRequiresGradient(training && mathematics.differentiable(i));
            }
            List<NDArray> leaves = new ArrayList<>();
            for (Weight weight : weights) {
                NDArray leaf = weight.value().stopGradient();
                leaf.attach(temporary);
                leaf.setRequiresGradient(training);
                leaves.add(leaf);
            }
            JniUtils.setGradMode(training);
            NDArray output;
            try {
                output = mathematics.forward(inputs, leaves);
            } finally {
                JniUtils.setGradMode(false);
            }
            output.attach(manager);
            if (training) {
                inputs.forEach(input -> input.attach(manager));
                leaves.forEach(leaf -> leaf.attach(manager));
            }
            NDArray detached = output.stopGradient();
            AutogradTape tape = new AutogradTape(mathematics, output, inputs, leaves, weights);
            if (!training) {
                output.close();
            }
            return new Computed(detached, tape);
        }
    }

    @Override
    public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
        JniUtils.backward((PtNDArray) output, (PtNDArray) outputGradient, false, false);
        List<Optional<NDArray>> gradients = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            gradients.add(
                    mathematics.differentiable(i) ? Optional.of(inputs.get(i).getGradient()) : Optional.empty());
        }
        for (int i = 0; i < leaves.size(); i++) {
            try (NDArray gradient = leaves.get(i).getGradient()) {
                weights.get(i).gradient().addi(gradient);
            }
        }
        close();
        return gradients;
    }

    @Override
    public void backwardWeights() {}

    @Override
    public void close() {
        output.close();
        inputs.forEach(NDArray::close);
        leaves.forEach(NDArray::close);
    }
}
