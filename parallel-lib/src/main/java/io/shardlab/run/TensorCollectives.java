package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.comm.Growing;
import io.shardlab.comm.Pending;
import io.shardlab.engine.GrowingOutput;
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
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

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
     * @param meanwhile work to do while the collective is under way, or after it
     */
    Tensor run(
            Scope scope,
            Collective collective,
            Step.Communicate step,
            Tensor value,
            TensorShape rows,
            Optional<Runnable> meanwhile) {
        if (step.axis() != Axis.TENSOR) {
            throw new UnsupportedOperationException(
                    name(collective) + " over " + step.axis().shortName() + " is not a step of a stage");
        }
        Tensor result =
                switch (collective) {
                    case COPY -> value;
                    case ALL_REDUCE -> allReduce(step, value, meanwhile);
                    case GATHER, ALL_GATHER -> join(scope, collective, step, value, rows, meanwhile);
                    case SPLIT -> ownPart(scope, step, value);
                    case REDUCE_SCATTER -> reduceScatter(scope, step, value, meanwhile);
                };
        if (!collective.communicates()) {
            meanwhile.ifPresent(Runnable::run);
        }
        if (result != value) {
            value.close();
        }
        return result;
    }

    private Tensor allReduce(Step.Communicate step, Tensor value, Optional<Runnable> meanwhile) {
        ByteBuffer bytes = value.bytes();
        Call call =
                new Call(() -> group.allReduce(bytes, value.type()), () -> group.startAllReduce(bytes, value.type()));
        record(Collective.ALL_REDUCE, step, 2L * bytes.remaining(), call, meanwhile);
        value.written();
        return value;
    }

    /**
     * Computes a tensor, and completes it by an all-reduce that goes on behind the computing.
     *
     * @param compute gives the tensor, and tells of its elements as they become final
     */
    Tensor allReduceGrowing(Step.Communicate step, Function<GrowingOutput, Tensor> compute) {
        List<Growing> begun = new ArrayList<>();
        try {
            Tensor value = compute.apply((output, elements) -> {
                if (begun.isEmpty()) {
                    begun.add(group.startAllReduceOfGrowing(output.bytes(), output.type(), GrowingOutput.PARTS));
                }
                begun.get(0).reach(Math.toIntExact(elements * output.type().bytes()));
            });
            String name = name(Collective.ALL_REDUCE);
            recorder.enterWithin(name, step.output());
            long start = System.nanoTime();
            begun.get(0).await();
            long sent = (group.size() - 1) * 2L * value.bytes().remaining() / group.size();
            recorder.span(Span.Kind.COLLECTIVE, name + " " + step.output(), start, sent);
            recorder.resume();
            value.written();
            return value;
        } catch (RuntimeException | Error e) {
            // Whoever catches this frees the tensors.
            group.abandon();
            throw e;
        }
    }

    private Tensor join(
            Scope scope,
            Collective collective,
            Step.Communicate step,
            Tensor part,
            TensorShape rows,
            Optional<Runnable> meanwhile) {
        TensorShape shape = step.parts() == Step.Parts.ROWS
                ? TensorShape.of(rows.dim(0), rows.dim(1), step.width())
                : stacked(part.shape());
        Tensor whole = scope.allocate(shape);
        ByteBuffer all = whole.bytes();
        ByteBuffer own = part.bytes();
        List<Long> sizes = sizes(step, shape);
        Call call = new Call(
                () -> group.allGather(own, all, sizes, part.type()),
                () -> group.startAllGather(own, all, sizes, part.type()));
        record(collective, step, all.remaining(), call, meanwhile);
        whole.written();
        return whole;
    }

    private Tensor reduceScatter(Scope scope, Step.Communicate step, Tensor whole, Optional<Runnable> meanwhile) {
        Tensor part = scope.allocate(partShape(step, whole.shape()));
        ByteBuffer all = whole.bytes();
        ByteBuffer own = part.bytes();
        List<Long> sizes = sizes(step, whole.shape());
        Call call = new Call(
                () -> group.reduceScatter(all, own, sizes, whole.type()),
                () -> group.startReduceScatter(all, own, sizes, whole.type()));
        record(Collective.REDUCE_SCATTER, step, all.remaining(), call, meanwhile);
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

    /** One collective of the group, waited for or begun. */
    private record Call(Runnable whole, Supplier<Pending> begin) {}

    /**
     * Runs a call, with other work while it is under way, and notes the bytes that this rank must send for it: (n−1)/n of
     * {@code moved}. Its span shows what is waited for after that work.
     */
    private void record(
            Collective collective, Step.Communicate step, long moved, Call call, Optional<Runnable> meanwhile) {
        String name = name(collective);
        long sent = (group.size() - 1) * moved / group.size();
        boolean overlaps = Overlap.WANTED && meanwhile.isPresent();
        Optional<Pending> pending = overlaps ? Optional.of(call.begin.get()) : Optional.empty();
        try {
            if (overlaps) {
                meanwhile.orElseThrow().run();
            }
            recorder.enterWithin(name, step.output());
            long start = System.nanoTime();
            pending.ifPresentOrElse(Pending::await, call.whole);
            recorder.span(Span.Kind.COLLECTIVE, name + " " + step.output(), start, sent);
        } catch (RuntimeException | Error e) {
            // Whoever catches this frees the tensors.
            group.abandon();
            throw e;
        }
        recorder.resume();
        if (!overlaps) {
            meanwhile.ifPresent(Runnable::run);
        }
    }

    private static String name(Collective collective) {
        return collective.name().toLowerCase(Locale.ROOT);
    }
}
