package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.shardlab.plan.Segment;
import io.shardlab.tensor.TensorShape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One micro-batch as DJL arrays on a manager of its own. */
final class DjlScope implements Scope {

    private final DjlShard shard;
    private final NDManager manager;
    private final boolean training;
    private final Map<String, Tape> tapes = new HashMap<>();
    /** Of segments that have gone back to their inputs, but not yet to their weights. */
    private final Map<String, Tape> putOff = new HashMap<>();

    DjlScope(DjlShard shard, NDManager manager, boolean training) {
        this.shard = shard;
        this.manager = manager;
        this.training = training;
        manager.setName("micro-batch");
    }

    @Override
    public Tensor tokens(int[] ids, TensorShape shape) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        // A copy in native memory: an array made from Java numbers lives in a Java buffer, which the garbage
        // collector frees while an autograd graph still reads it.
        try (NDArray staged = manager.create(wide, DjlTensor.shape(shape))) {
            return new DjlTensor(staged.duplicate());
        }
    }

    @Override
    public Tensor allocate(TensorShape shape) {
        return new DjlTensor(manager.create(DjlTensor.shape(shape), DjlTensor.dataType(shard.type())));
    }

    @Override
    public Tensor scalar(double value) {
        return new DjlTensor(DjlTensor.scalar(manager, shard.type(), value));
    }

    @Override
    public Tensor forward(Segment segment, List<Tensor> inputs) {
        DjlShard.Layer layer = shard.layer(segment);
        if (segment.kind() instanceof Segment.Residual) {
            return add(inputs.get(0), inputs.get(1));
        }
        List<NDArray> aliases = new ArrayList<>();
        for (Tensor input : inputs) {
            NDArray alias = DjlTensor.array(input).stopGradient();
            alias.attach(manager);
            aliases.add(alias);
        }
        Mathematics.Computed computed = layer.mathematics().compute(manager, aliases, layer.weights(), training);
        if (training) {
            tapes.put(segment.name(), computed.tape());
        } else {
            computed.tape().close();
        }
        return new DjlTensor(computed.output());
    }

    @Override
    public List<Optional<Tensor>> backward(Segment segment, Tensor outputGradient) {
        List<Optional<Tensor>> gradients = backwardInputs(segment, outputGradient);
        backwardWeights(segment);
        return gradients;
    }

    @Override
    public List<Optional<Tensor>> backwardInputs(Segment segment, Tensor outputGradient) {
        if (segment.kind() instanceof Segment.Residual) {
            return List.of(Optional.of(alias(outputGradient)), Optional.of(alias(outputGradient)));
        }
        Tape tape = tapes.remove(segment.name());
        if (tape == null) {
            throw new IllegalStateException("segment '" + segment.name() + "' has no forward pass to go back through");
        }
        List<Optional<NDArray>> gradients = tape.backwardInputs(DjlTensor.array(outputGradient));
        putOff.put(segment.name(), tape);
        shard.ranBackward();
        return gradients.stream()
                .map(gradient -> gradient.<Tensor>map(DjlTensor::new))
                .toList();
    }

    @Override
    public void backwardWeights(Segment segment) {
        if (segment.kind() instanceof Segment.Residual) {
            return;
        }
        Tape tape = putOff.remove(segment.name());
        if (tape == null) {
            throw new IllegalStateException("segment '" + segment.name() + "' put no weight gradients off");
        }
        tape.backwardWeights();
        shard.ranBackward();
    }

    @Override
    public Tensor alias(Tensor tensor) {
        return new DjlTensor(DjlTensor.array(tensor).stopGradient());
    }

    @Override
    public Tensor add(Tensor left, Tensor right) {
        return new DjlTensor(DjlTensor.array(left).add(DjlTensor.array(right)));
    }

    @Override
    public Tensor nextTokenLogits(Segment head, Tensor hidden) {
        DjlShard.Layer layer = shard.layer(head);
        if (!(layer.mathematics() instanceof HeadMathematics mathematics)) {
            throw new IllegalArgumentException("segment '" + head.name() + "' is not a head");
        }
        try (NDManager temporary = manager.newSubManager()) {
            NDArray input = DjlTensor.array(hidden).stopGradient();
            input.attach(temporary);
            NDArray logits = mathematics.lastLogits(input, layer.values());
            logits.attach(manager);
            return new DjlTensor(logits);
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
