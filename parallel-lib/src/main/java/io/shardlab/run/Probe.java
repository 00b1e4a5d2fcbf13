package io.shardlab.run;

import io.shardlab.engine.Tensor;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Runs a few steps and writes what a comparison needs, by name: {@code value/x3} (residual values of the first micro-batch
 * of step 0), {@code loss/0}, {@code gradient/NAME} (after step 0's passes) and {@code parameter/NAME} (after the last step).
 */
final class Probe {

    private final PlacedPlan placed;
    private final Plan plan;
    private final SafetensorsWriter file = new SafetensorsWriter();

    Probe(PlacedPlan placed) {
        this.placed = placed;
        this.plan = placed.plan();
    }

    void run(TrainRun run, TrainSettings settings, Path target) {
        for (int step = 0; step < settings.steps(); step++) {
            boolean first = step == 0;
            TrainRun.StepResult result = run.step(
                    step,
                    settings.rateAt(step),
                    first ? this::keepValue : (name, value) -> {},
                    first ? this::keepGradients : () -> {});
            if (result.stopped()) {
                throw new StopSignal.CancelledRun();
            }
            if (placed.countsLoss()) {
                ByteBuffer loss = ByteBuffer.allocate(Double.BYTES).order(ByteOrder.nativeOrder());
                loss.putDouble(0, result.loss());
                file.add("loss/" + step, TensorType.FLOAT64, TensorShape.of(), loss);
            }
        }
        int index = placed.at().tensor();
        for (ParameterSpec parameter : placed.shard().parameters()) {
            file.add(
                    "parameter/" + parameter.name(),
                    plan.type(),
                    parameter.localShape(index),
                    placed.shard().weight(parameter.name()));
        }
        try {
            Files.createDirectories(target.toAbsolutePath().getParent());
            file.write(target);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + target + ": " + e.getMessage(), e);
        }
    }

    /**
     * Keeps a residual value: they are whole on every tensor rank, so each rank's can be compared. The first micro-batch is
     * the same as a single device's on the first data rank only.
     */
    private void keepValue(String name, Tensor value) {
        if (name.startsWith("x") && placed.at().data() == 0) {
            file.add("value/" + name, value.type(), value.shape(), copy(value.bytes()));
        }
    }

    private void keepGradients() {
        placed.splitOptimizer().ifPresent(SplitOptimizer::gatherGradients);
        for (ParameterSpec parameter : placed.shard().parameters()) {
            file.add(
                    "gradient/" + parameter.name(),
                    plan.type(),
                    parameter.localShape(placed.at().tensor()),
                    copy(placed.shard().gradient(parameter.name())));
        }
    }

    /** Outside the Java heap, which is small. */
    private static ByteBuffer copy(ByteBuffer source) {
        return ByteBuffer.allocateDirect(source.remaining())
                .order(ByteOrder.nativeOrder())
                .put(source)
                .flip();
    }
}
