package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Engine;
import io.shardlab.engine.Scope;
import io.shardlab.engine.Shard;
import io.shardlab.engine.Tensor;
import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Device;
import io.shardlab.mesh.Group;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.transport.InProcessTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import io.shardlab.weights.SeededWeights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What goes back is the adjoint of what goes forward: ⟨A x, g⟩ = ⟨x, A* g⟩, summed over the ranks. */
final class TensorCollectivesTest {

    private static final int N = 3;
    private static final int WIDTH = 3 * N;
    private static final TensorShape ROWS = TensorShape.of(2, 5);
    private static final TensorShape WHOLE = TensorShape.of(2, 5, WIDTH);

    @ParameterizedTest(name = "{0} of {1}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            COPY           | ROWS
            ALL_REDUCE     | ROWS
            ALL_GATHER     | ROWS
            REDUCE_SCATTER | ROWS
            GATHER         | ROWS
            SPLIT          | ROWS
            ALL_GATHER     | SLABS
            REDUCE_SCATTER | SLABS
            GATHER         | SLABS
            SPLIT          | SLABS
            """)
    void theAdjointCarriesGradientsBack(Collective collective, Step.Parts parts) {
        Step.Communicate step = new Step.Communicate(collective, Axis.TENSOR, "x", "y", WIDTH, parts);
        List<Transport> ends =
                InProcessTransport.create(N, rank -> WaitPolicy.forRanks(N, Duration.ofSeconds(30), () -> {}));
        List<ExecutorService> threads = IntStream.range(0, N)
                .mapToObj(rank -> Executors.newSingleThreadExecutor())
                .toList();
        List<CompletableFuture<double[]>> products = new ArrayList<>();
        for (int rank = 0; rank < N; rank++) {
            int index = rank;
            products.add(
                    CompletableFuture.supplyAsync(() -> products(step, ends.get(index), index), threads.get(rank)));
        }
        double forward = 0;
        double back = 0;
        for (CompletableFuture<double[]> product : products) {
            forward += product.join()[0];
            back += product.join()[1];
        }
        threads.forEach(ExecutorService::shutdown);
        assertEquals(forward, back, 1e-12 * Math.abs(forward));
    }

    /**
     * ⟨A x, g⟩ and ⟨x, A* g⟩ of one rank. COPY and SPLIT start from one x that all ranks have, ALL_REDUCE and GATHER end where all
     * have one g: products with those count once.
     */
    private static double[] products(Step.Communicate step, Transport transport, int rank) {
        Group group = new Group("tp", IntStream.range(0, N).boxed().toList());
        try (Engine engine = Engine.djl(Device.cpu(rank), 1);
                Communicator communicator = Communicator.open(transport, group);
                Shard shard = engine.place(List.of(), rank, TensorType.FLOAT64, new SeededWeights(1));
                Scope scope = shard.scope(true)) {
            TensorCollectives collectives =
                    new TensorCollectives(communicator, new Recorder(rank, StatusPage.inMemory()));
            boolean oneX = step.collective() == Collective.COPY || step.collective() == Collective.SPLIT;
            boolean oneG = step.collective() == Collective.ALL_REDUCE || step.collective() == Collective.GATHER;
            boolean fromPart = step.collective() == Collective.GATHER || step.collective() == Collective.ALL_GATHER;
            boolean toPart = step.collective() == Collective.SPLIT || step.collective() == Collective.REDUCE_SCATTER;
            TensorShape part = partShape(step.parts(), rank);
            TensorShape whole = step.parts() == Step.Parts.ROWS ? WHOLE : TensorShape.of(N, 3, 10);
            double[] x = numbers(fromPart ? part : whole, oneX ? 1 : 10 + rank);
            double[] g = numbers(toPart ? part : whole, oneG ? 2 : 20 + rank);
            Tensor input = tensor(scope, fromPart ? part : whole, x);
            Tensor y = collectives.run(scope, step.collective(), step, input, ROWS, Optional.empty());
            double forward = dot(y, g);
            Tensor gradient = tensor(scope, toPart ? part : whole, g);
            int[] done = {0};
            Tensor back = collectives.run(
                    scope, step.collective().adjoint(), step, gradient, ROWS, Optional.of(() -> done[0]++));
            assertEquals(1, done[0]);
            double backward = dot(back, x);
            return new double[] {oneG && rank > 0 ? 0 : forward, oneX && rank > 0 ? 0 : backward};
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static TensorShape partShape(Step.Parts parts, int rank) {
        return parts == Step.Parts.ROWS
                ? TensorShape.of(Extent.even(10, N).get(rank).length(), WIDTH)
                : TensorShape.of(3, 10);
    }

    private static double[] numbers(TensorShape shape, long seed) {
        return new Random(seed).doubles(shape.numElements(), -1, 1).toArray();
    }

    private static Tensor tensor(Scope scope, TensorShape shape, double[] values) {
        Tensor tensor = scope.allocate(shape);
        tensor.bytes().asDoubleBuffer().put(values);
        tensor.written();
        return tensor;
    }

    private static double dot(Tensor tensor, double[] other) {
        ByteBuffer bytes = tensor.bytes();
        assertEquals(other.length * Double.BYTES, bytes.remaining());
        double sum = 0;
        for (int i = 0; i < other.length; i++) {
            sum += bytes.getDouble(i * Double.BYTES) * other[i];
        }
        return sum;
    }
}
