package io.shardlab.engine;

import io.shardlab.mesh.Device;
import io.shardlab.model.BlockCode;
import io.shardlab.model.BlockSpec;
import io.shardlab.plan.Stage;
import io.shardlab.tensor.Addition;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.WeightSource;
import java.util.List;
import java.util.Optional;

/** Local compute on one device. All calls come from one thread, which owns grad mode, tensors and weights. */
public interface Engine extends AutoCloseable {

    /** Starts DJL's PyTorch engine for a device; the first call in a process loads its native libraries. */
    static Engine djl(Device device, int threads) {
        return new DjlEngine(device, threads);
    }

    /** Name and version, for instance {@code PyTorch 2.7.1}. */
    String version();

    /**
     * Runs every sort of operation once on small arrays, so that code which libraries load on first use is there before memory
     * and time are measured.
     */
    void warmUp();

    /** Gives memory that was freed back to the operating system, where the allocator would keep it for later. */
    void trimMemory();

    /** Sums of numbers in main memory by the engine's routines, for collectives; empty where they cannot be called. */
    Optional<Addition> addition();

    /** Has something short done after each large product, on the engine's thread; where products cannot be told, never. */
    void betweenProducts(Runnable work);

    /** Measures the rate of float32 matrix products of about a layer's size, for a few hundredths of a second. */
    double flopsPerSecond();

    /** Takes in the classes of a user's block, which segments of its code will need. */
    void define(BlockCode code);

    /**
     * Runs a user's block on random samples to find its children, parameters, shapes and costs.
     *
     * @throws IllegalArgumentException where it cannot be trained here, with the child and the reason
     */
    List<BlockSpec.Unit> describe(String code, TensorShape sample);

    /** Creates the weights that the rank at {@code tensorIndex} of the tensor axis holds of some stages. */
    Shard place(List<Stage> stages, int tensorIndex, TensorType type, WeightSource weights);

    /** Arrays for code of users, with a manager of their own. */
    UserArrays userArrays();

    @Override
    void close();
}
