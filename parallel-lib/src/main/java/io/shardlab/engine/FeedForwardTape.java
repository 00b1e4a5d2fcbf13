package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/** A feed-forward by hand. Keeps gate, up and the gate's sigmoid; going back, their gradients take their places. */
final class FeedForwardTape implements Tape {

    private final NDManager manager;
    private final Linear linear;
    private final NDArray x_BTD;
    private final Weight gateWeight;
    private final Weight upWeight;
    private final Weight downWeight;
    private final NDArray gate_BTF;
    private final NDArray up_BTF;
    /** The gate's sigmoid; after {@link #backwardInputs}, what the projection down read. */
    private final NDArray sigmoid_BTF;

    private Optional<NDArray> kept = Optional.empty();

    FeedForwardTape(NDManager manager, Linear linear, NDArray x_BTD, List<Weight> weights) {
        this.manager = manager;
        this.linear = linear;
        this.x_BTD = x_BTD;
        gateWeight = weights.get(0);
        upWeight = weights.get(1);
        downWeight = weights.get(2);
        gate_BTF = linear.forward(manager, x_BTD, gateWeight);
        up_BTF = linear.forward(manager, x_BTD, upWeight);
        sigmoid_BTF = gate_BTF.getNDArrayInternal().sigmoid();
    }

    NDArray forward() {
        try (NDArray mixed_BTF = manager.create(gate_BTF.getShape(), gate_BTF.getDataType())) {
            loops().forward(
                            DjlTensor.storage(gate_BTF),
                            DjlTensor.storage(sigmoid_BTF),
                            DjlTensor.storage(up_BTF),
                            DjlTensor.storage(mixed_BTF));
            return linear.forward(manager, mixed_BTF, downWeight);
        }
    }

    private HostSwiGlu loops() {
        return new HostSwiGlu(DjlTensor.type(gate_BTF));
    }

    @Override
    public List<Optional<NDArray>> backwardInputs(NDArray outputGradient) {
        kept = Optional.of(outputGradient.stopGradient());
        try (NDArray mixed_BTF = manager.create(gate_BTF.getShape(), gate_BTF.getDataType())) {
            linear.inputGradient(outputGradient, downWeight, 0, mixed_BTF);
            loops().backward(
                            DjlTensor.storage(mixed_BTF),
                            DjlTensor.storage(gate_BTF),
                            DjlTensor.storage(sigmoid_BTF),
                            DjlTensor.storage(up_BTF));
        }
        NDArray dx_BTD = manager.create(x_BTD.getShape(), x_BTD.getDataType());
        linear.inputGradient(gate_BTF, gateWeight, 0, dx_BTD);
        linear.inputGradient(up_BTF, upWeight, 1, dx_BTD);
        return List.of(Optional.of(dx_BTD));
    }

    @Override
    public void backwardWeights() {
        linear.weightGradient(kept.orElseThrow(), sigmoid_BTF, downWeight);
        linear.weightGradient(gate_BTF, x_BTD, gateWeight);
        linear.weightGradient(up_BTF, x_BTD, upWeight);
        close();
    }

    @Override
    public void close() {
        x_BTD.close();
        gate_BTF.close();
        up_BTF.close();
        sigmoid_BTF.close();
        kept.ifPresent(NDArray::close);
    }
}
