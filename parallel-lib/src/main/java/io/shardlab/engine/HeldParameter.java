package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A parameter of a shard: its numbers, the gradient of each of its uses, and what the optimizer keeps of it. */
final class HeldParameter {

    /** AdamW's first and second moment, flat: a number for each element that this rank's optimizer works on. */
    private record Moments(NDArray first, NDArray second) {}

    private final NDManager manager;
    private final ParameterSpec spec;
    private final NDArray storage;
    private final List<Weight> uses = new ArrayList<>();
    /** The elements that this rank's optimizer works on. */
    private Extent own;

    private Optional<Moments> moments = Optional.empty();

    HeldParameter(NDManager manager, ParameterSpec spec, NDArray storage) {
        this.manager = manager;
        this.spec = spec;
        this.storage = storage;
        own = new Extent(0, storage.getShape().size());
    }

    ParameterSpec spec() {
        return spec;
    }

    NDArray storage() {
        return storage;
    }

    void addUse(Weight use) {
        uses.add(use);
    }

    /** The gradient of its first use, which holds that of all once they are combined. */
    ByteBuffer gradient() {
        return DjlTensor.storage(uses.get(0).gradient());
    }

    /** Adds the gradients of later uses to that of the first, in their order. */
    void combineUses() {
        for (Weight later : uses.subList(1, uses.size())) {
            uses.get(0).gradient().addi(later.gradient());
            later.clear();
        }
    }

    void discardGradients() {
        uses.forEach(Weight::clear);
    }

    void splitOptimizer(Extent elements) {
        if (moments.isPresent()) {
            throw new IllegalStateException(
                    "the optimizer has moments of '" + spec.name() + "' already and cannot be split");
        }
        own = elements;
    }

    Extent optimized() {
        return own;
    }

    /** Some elements of the parameter's storage, or of another of the same shape; native byte order. */
    static ByteBuffer part(ByteBuffer storage, TensorType type, Extent elements) {
        int start = Math.toIntExact(elements.start() * type.bytes());
        int length = Math.toIntExact(elements.length() * type.bytes());
        return storage.slice(start, length).order(ByteOrder.nativeOrder());
    }

    /** Takes the optimizer's step on the elements that are this rank's. */
    void update(TensorType type, AdamW rule, AdamW.Factors factors) {
        if (own.length() == 0) {
            return;
        }
        Moments known = moments.orElseGet(this::zeros);
        moments = Optional.of(known);
        rule.apply(
                type,
                part(DjlTensor.storage(storage), type, own),
                part(gradient(), type, own),
                DjlTensor.storage(known.first),
                DjlTensor.storage(known.second),
                factors);
    }

    private Moments zeros() {
        Shape shape = new Shape(own.length());
        return new Moments(manager.zeros(shape, storage.getDataType()), manager.zeros(shape, storage.getDataType()));
    }

    List<Shard.MomentSlice> moments() {
        return moments.map(known -> List.of(
                        new Shard.MomentSlice(own, DjlTensor.storage(known.first), DjlTensor.storage(known.second))))
                .orElse(List.of());
    }

    void zeroMoments() {
        dropMoments();
        if (own.length() > 0) {
            moments = Optional.of(zeros());
        }
    }

    void dropMoments() {
        moments.ifPresent(known -> {
            known.first.close();
            known.second.close();
        });
        moments = Optional.empty();
    }

    long numBytes() {
        return storage.getShape().size() * storage.getDataType().getNumOfBytes();
    }

    long gradientBytes() {
        return numBytes() * uses.size();
    }

    long momentBytes() {
        return moments.isPresent() ? 2 * own.length() * storage.getDataType().getNumOfBytes() : 0;
    }
}
