package io.shardlab.engine;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import io.shardlab.mesh.Device;
import io.shardlab.plan.Stage;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.WeightSource;
import java.util.List;

/** DJL's PyTorch engine on one device. */
final class DjlEngine implements Engine {

    private final ai.djl.engine.Engine engine;
    private final NDManager manager;

    DjlEngine(Device device, int threads) {
        engine = ai.djl.engine.Engine.getEngine("PyTorch");
        JniUtils.setNumThreads(threads);
        // Grad mode is per thread, and on in every new one.
        JniUtils.setGradMode(false);
        // A worker sees only its own GPU, so that is always number 0.
        manager = NDManager.newBaseManager(
                device.kind() == Device.Kind.GPU ? ai.djl.Device.gpu(0) : ai.djl.Device.cpu(), "PyTorch");
        manager.setName("rank");
    }

    @Override
    public String version() {
        return engine.getEngineName() + " " + engine.getVersion();
    }

    @Override
    public Shard place(List<Stage> stages, int tensorIndex, TensorType type, WeightSource weights, boolean trainable) {
        return new DjlShard(manager, stages, tensorIndex, type, weights, trainable);
    }

    @Override
    public void close() {
        manager.close();
    }
}
