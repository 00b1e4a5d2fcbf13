package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Scope;
import io.shardlab.engine.Tensor;
import io.shardlab.mesh.Axis;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorShape;
import io.shardlab.trace.Span;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * The collectives of stage programs, over one rank's tensor group. Owned by the rank's thread.
 *
 * <p>Where each rank holds the whole value, it is changed in place; between a value and its parts a new tensor is made.
 */
final class TensorCollectives {

    private final Communicator group;
    private final Recorder recorder;

    TensorCollectives(Communicator group, Recorder recorder) {
        this.group = group;
        this.recorder = recorder;
    }

    /**
     * Runs a collective, or the adjoint of the step's.
     *
     * @param value given up: changed, or closed when the result is another tensor
     * @param rows [b,T] of the micro-batch
     */
    Tensor run(Scope scope, Collective collective, Step.Communicate step, Tensor value, TensorShape rows) {
        if (step.axis() != Axis.TENSOR) {
            throw new UnsupportedOperationException(
                    name(collective) + " over " + step.axis().shortName() + " is not a step of a stage");
        }
        Tensor result =
                switch (collective) {
                    case COPY -> value;
                    case ALL_REDUCE -> allReduce(step, value);
                    case GATHER, ALL_GATHER -> join(scope, collective, step, value, rows);
                    case SPLIT -> ownPart(scope, step, value);
                    case REDUCE_SCATTER -> reduceScatter(scope, step, value);
                };
        if (result != value) {
            value.close();
        }
        return result;
    }

    private Tensor allReduce(Step.Communicate step, Tensor value) {
        ByteBuffer bytes = value.bytes();
        record(Collective.ALL_REDUCE, step, 2L * bytes.remaining(), () -> group.allReduce(bytes, value.type()));
        value.written();
        return value;
    }

    private Tensor join(Scope scope, Collective collective, Step.Communicate step, Tensor part, TensorShape rows) {
        TensorShape shape = step.parts() == Step.Parts.ROWS
                ? TensorShape.of(rows.dim(0), rows.dim(1), step.width())
                : stacked(part.shape());
        Tensor whole = scope.allocate(shape);
        ByteBuffer all = whole.bytes();
        List<Long> sizes = sizes(step, shape);
        record(collective, step, all.remaining(), () -> group.allGather(part.bytes(), all, sizes, part.type()));
        whole.written();
        return whole;
    }

    private Tensor reduceScatter(Scope scope, Step.Communicate step, Tensor whole) {
        Tensor part = scope.allocate(partShape(step, whole.shape()));
        ByteBuffer all = whole.bytes();
        List<Long> sizes = sizes(step, whole.shape());
        record(
                Collective.REDUCE_SCATTER,
                step,
                all.remaining(),
                () -> group.reduceScatter(all, part.bytes(), sizes, whole.type()));
        part.written();
        return part;
    }

    private Tensor ownPart(Scope scope, Step.Communicate step, Tensor whole) {
        Tensor part = scope.allocate(partShape(step, whole.shape()));
        long start = 0;
        for (long size : sizes(step, whole.shape()).subList(0, group.rank())) {
            start += size;
        }
        ByteBuffer target = part.bytes();
        int from = Math.toIntExact(start * whole.type().bytes());
        target.put(0, whole.bytes(), from, target.remaining());
        part.written();
        return part;
    }

    private TensorShape stacked(TensorShape part) {
        List<Long> dims = new ArrayList<>(part.dims());
        dims.add(0, (long) group.size());
        return new TensorShape(dims);
    }

    private TensorShape partShape(Step.Communicate step, TensorShape whole) {
        if (step.parts() == Step.Parts.SLABS) {
            return new TensorShape(whole.dims().subList(1, whole.rank()));
        }
        long numRows = whole.numElements() / step.width();
        return TensorShape.of(
                Extent.even(numRows, group.size()).get(group.rank()).length(), step.width());
    }

    /** Elements of each rank's part. */
    private List<Long> sizes(Step.Communicate step, TensorShape whole) {
        if (step.parts() == Step.Parts.SLABS) {
            return Collections.nCopies(group.size(), whole.numElements() / group.size());
        }
        return Extent.even(whole.numElements() / step.width(), group.size()).stream()
                .map(extent -> extent.length() * step.width())
                .toList();
    }

    /** Runs a call and notes its span and the bytes that this rank must send for it: (n−1)/n of {@code moved}. */
    private void record(Collective collective, Step.Communicate step, long moved, Runnable call) {
        String name = name(collective);
        recorder.enterWithin(name, step.output());
        long start = System.nanoTime();
        call.run();
        long sent = (group.size() - 1) * moved / group.size();
        recorder.span(Span.Kind.COLLECTIVE, name + " " + step.output(), start, sent);
        recorder.count("tp " + name, sent);
        recorder.resume();
    }

    private static String name(Collective collective) {
        return collective.name().toLowerCase(Locale.ROOT);
    }
}
