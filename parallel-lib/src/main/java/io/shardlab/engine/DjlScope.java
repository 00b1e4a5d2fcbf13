package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.shardlab.plan.Segment;
import io.shardlab.tensor.TensorShape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** One micro-batch as DJL arrays on a manager of its own. */
final class DjlScope implements Scope {

    private final DjlShard shard;
    private final NDManager manager;
    /** Empty where there is no way back. */
    private final Optional<TrainingPass> pass;

    private final Map<String, Tape> tapes = new HashMap<>();
    /** Of segments that have gone back to their inputs, but not yet to their weights. */
    private final Map<String, Tape> putOff = new HashMap<>();

    private Consumer<Segment> weightGradients = segment -> {};

    DjlScope(DjlShard shard, NDManager manager, Optional<TrainingPass> pass) {
        this.shard = shard;
        this.manager = manager;
        this.pass = pass;
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
        return compute(segment, inputs, RowListener.NONE);
    }

    @Override
    public Tensor forward(Segment segment, List<Tensor> inputs, GrowingOutput listener) {
        Tensor[] known = new Tensor[1];
        Tensor output = compute(segment, inputs, (array, rows) -> {
            Tensor growing = known[0] == null ? new DjlTensor(array) : known[0];
            known[0] = growing;
            long width = array.getShape().get(array.getShape().dimension() - 1);
            listener.reach(growing, rows * width);
        });
        Tensor whole = known[0] == null ? output : known[0];
        listener.reach(whole, whole.shape().numElements());
        return whole;
    }

    private Tensor compute(Segment segment, List<Tensor> inputs, RowListener listener) {
        DjlShard.Layer layer = shard.layer(segment);
        if (segment.kind() instanceof Segment.Residual) {
            Tensor sum = drops() ? dropped(segment, inputs.get(1)) : alias(inputs.get(1));
            addInto(sum, inputs.get(0));
            return sum;
        }
        List<NDArray> aliases = new ArrayList<>();
        for (Tensor input : inputs) {
            NDArray alias = DjlTensor.array(input).stopGradient();
            alias.attach(manager);
            aliases.add(alias);
        }
        boolean again =
                segment.recomputable() && pass.map(TrainingPass::recompute).orElse(false);
        Computed computed = again
                ? RecomputeTape.record(manager, layer.mathematics(), aliases, layer.operands(), listener)
                : layer.mathematics().compute(manager, aliases, layer.operands(), pass.isPresent(), listener);
        if (pass.isPresent()) {
            tapes.put(segment.name(), computed.tape());
        } else {
            computed.tape().close();
        }
        return new DjlTensor(computed.output());
    }

    /** Bytes of the arrays that live now; storage that several share counts once. */
    long numBytes() {
        Map<Long, Long> storages = new HashMap<>();
        for (NDArray array : manager.getManagedArrays()) {
            if (!array.getDevice().isGpu()) {
                long address = Pointer.nativeValue(Native.getDirectBufferPointer(DjlTensor.storage(array)));
                storages.merge(
                        address, array.getShape().size() * array.getDataType().getNumOfBytes(), Math::max);
            }
        }
        return storages.values().stream().mapToLong(Long::longValue).sum();
    }

    private boolean drops() {
        return pass.map(TrainingPass::dropout).filter(Dropout::drops).isPresent();
    }

    /** What of a block's output [B,T,D], of this rank's rows of it, or of its gradient, stays. */
    private Tensor dropped(Segment segment, Tensor values) {
        Dropout dropout = pass.orElseThrow().dropout();
        long first = dropout.firstToken() * values.shape().dim(values.shape().rank() - 1);
        Tensor kept = allocate(values.shape());
        dropout.apply(segment.name(), first, shard.type(), values.bytes(), kept.bytes());
        kept.written();
        return kept;
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
            return List.of(
                    Optional.of(alias(outputGradient)),
                    Optional.of(drops() ? dropped(segment, outputGradient) : alias(outputGradient)));
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
        weightGradients.accept(segment);
    }

    @Override
    public void onWeightGradients(Consumer<Segment> listener) {
        weightGradients = listener;
    }

    @Override
    public Tensor alias(Tensor tensor) {
        return new DjlTensor(DjlTensor.array(tensor).stopGradient());
    }

    @Override
    public void addInto(Tensor sum, Tensor summand) {
        DjlTensor.array(sum).addi(DjlTensor.array(summand));
    }

    @Override
    public Tensor nextTokenLogits(Segment head, Tensor hidden) {
        DjlShard.Layer layer = shard.layer(head);
        try (NDManager temporary = manager.newSubManager()) {
            NDArray input = DjlTensor.array(hidden).stopGradient();
            input.attach(temporary);
            NDArray logits = lastLogits(layer, input);
            logits.attach(manager);
            return new DjlTensor(logits);
        }
    }

    private static NDArray lastLogits(DjlShard.Layer layer, NDArray input) {
        if (layer.mathematics() instanceof HeadMathematics whole) {
            return whole.lastLogits(input, layer.values());
        }
        if (layer.mathematics() instanceof VocabularyScoresMathematics part) {
            return part.lastScores(input, layer.values());
        }
        throw new IllegalArgumentException("segment '" + layer.segment().name() + "' is not a head");
    }

    @Override
    public void close() {
        manager.close();
    }
}
