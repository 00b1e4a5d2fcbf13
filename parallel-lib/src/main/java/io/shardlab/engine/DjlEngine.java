package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import com.sun.jna.Function;
import com.sun.jna.NativeLong;
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

/** DJL's PyTorch engine on one device. */
final class DjlEngine implements Engine {

    private static final long MEASURED_NANOS = 40_000_000;
    private static final int WARM_SIZE = 64;

    private final ai.djl.engine.Engine engine;
    private final NDManager manager;
    private final UserBlocks blocks = new UserBlocks();
    private final Optional<Blas> blas;

    DjlEngine(Device device, int threads) {
        engine = ai.djl.engine.Engine.getEngine("PyTorch");
        JniUtils.setNumThreads(threads);
        // Grad mode is per thread, and on in every new one.
        JniUtils.setGradMode(false);
        // A worker sees only its own GPU, so that is always number 0.
        manager = NDManager.newBaseManager(
                device.kind() == Device.Kind.GPU ? ai.djl.Device.gpu(0) : ai.djl.Device.cpu(), "PyTorch");
        manager.setName("rank");
        blas = device.kind() == Device.Kind.CPU ? Blas.ofEngine() : Optional.empty();
    }

    @Override
    public String version() {
        return engine.getEngineName() + " " + engine.getVersion();
    }

    @Override
    public void warmUp() {
        try (NDManager temporary = manager.newSubManager()) {
            NDArray ones = temporary.ones(new Shape(WARM_SIZE, WARM_SIZE));
            NDArray leaf = ones.stopGradient();
            leaf.setRequiresGradient(true);
            JniUtils.setGradMode(true);
            try {
                NDArray mixed = NormMathematics.normalise(AttentionMathematics.linear(leaf, ones), ones, ones)
                        .softmax(1);
                NDArray squashed = mixed.mul(mixed.getNDArrayInternal().sigmoid());
                NDArray loss = squashed.logSoftmax(1).sum().neg();
                NDArray one = temporary.ones(new Shape());
                JniUtils.backward((PtNDArray) loss, (PtNDArray) one, false, false);
                leaf.getGradient().close();
            } finally {
                JniUtils.setGradMode(false);
            }
        }
    }

    @Override
    public void trimMemory() {
        try {
            var unused = Function.getFunction("c", "malloc_trim").invokeInt(new Object[] {new NativeLong(0)});
        } catch (UnsatisfiedLinkError e) {
            // Only glibc has it; elsewhere freed memory counts as other memory of the process.
            return;
        }
    }

    @Override
    public Optional<Addition> addition() {
        return blas.map(routines -> routines::add);
    }

    @Override
    public void betweenProducts(Runnable work) {
        blas.ifPresent(routines -> routines.between(work));
    }

    @Override
    public double flopsPerSecond() {
        int size = 512;
        try (NDManager temporary = manager.newSubManager()) {
            NDArray left = temporary.ones(new Shape(size, size));
            NDArray right = temporary.ones(new Shape(size, size));
            left.matMul(right).close();
            double products = 0;
            long start = System.nanoTime();
            while (System.nanoTime() - start < MEASURED_NANOS) {
                left.matMul(right).close();
                products++;
            }
            return products * 2 * size * size * size / ((System.nanoTime() - start) / 1e9);
        }
    }

    @Override
    public void define(BlockCode code) {
        blocks.define(code);
    }

    @Override
    public List<BlockSpec.Unit> describe(String code, TensorShape sample) {
        double rate = flopsPerSecond();
        try (NDManager temporary = manager.newSubManager()) {
            return new BlockDescription(temporary, blocks.build(code), rate).units(sample);
        }
    }

    @Override
    public Shard place(List<Stage> stages, int tensorIndex, TensorType type, WeightSource weights) {
        return new DjlShard(manager, stages, tensorIndex, type, weights, blas, blocks);
    }

    @Override
    public UserArrays userArrays() {
        return new DjlUserArrays(manager);
    }

    @Override
    public void close() {
        manager.close();
    }
}
