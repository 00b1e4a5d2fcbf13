package io.shardlab.cell;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.UserArrays;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * The collectives of all ranks, for cells: {@code comm}.
 *
 * <p>Every rank calls the same collectives in the same order; a cell for some ranks only must not call any that others have to
 * join. Values are {@code double}, {@code double[]}, {@code float[]} or DJL's {@code NDArray} of float32 or float64, and have
 * the same type and, where not said otherwise, the same shape on all ranks. Results are new values, arguments stay; new arrays
 * belong to the cell's {@code manager}. Sums are added up in rank order, so all ranks get the same bits. Calls come from the
 * cell's own thread.
 */
public final class Collectives {

    private static final int MOST_DIMS = 8;
    private static final int HEADER_LONGS = 2 + MOST_DIMS;
    private static final long TAG = 0;

    /** What a value was before it became elements; written into headers by number. */
    private enum Form {
        DOUBLE,
        DOUBLES,
        FLOATS,
        ARRAY
    }

    private record Flat(Form form, ByteBuffer elements, TensorType type, List<Long> shape) {}

    private final UserArrays arrays;
    private final BiConsumer<String, String> notes;
    private Communicator world;

    Collectives(UserArrays arrays, Communicator world, BiConsumer<String, String> notes) {
        this.arrays = arrays;
        this.world = world;
        this.notes = notes;
    }

    void attach(Communicator newWorld) {
        world = newWorld;
    }

    public int rank() {
        return world.rank();
    }

    public int size() {
        return world.size();
    }

    /** The sum over all ranks. */
    public double allReduce(double value) {
        return this.<Double>allReduce((Double) value);
    }

    /** The sum over all ranks, element by element. */
    public <T> T allReduce(T value) {
        Flat flat = flat(value);
        within("all_reduce", () -> world.allReduce(flat.elements, flat.type));
        return built(flat.form, flat.elements, flat.type, flat.shape);
    }

    /** One number of each rank, in rank order. */
    public double[] allGather(double value) {
        return allGather(new double[] {value});
    }

    /** The ranks' parts one after the other, along the first dimension; only that length may differ. */
    public <T> T allGather(T value) {
        Flat flat = flat(value);
        List<Long> shape = dims(flat);
        List<Long> rows = new ArrayList<>();
        List<Long> elements = new ArrayList<>();
        long row = rowElements(shape);
        for (long[] header : headers(flat)) {
            require(header, flat);
            rows.add(header[2]);
            elements.add(header[2] * row);
        }
        long total = rows.stream().mapToLong(Long::longValue).sum();
        ByteBuffer all = buffer(total * row * flat.type.bytes());
        within("all_gather", () -> world.allGather(flat.elements, all, elements, flat.type));
        List<Long> joined = new ArrayList<>(shape);
        joined.set(0, total);
        return built(flat.form, all, flat.type, joined);
    }

    /**
     * The sum over all ranks, of which each keeps its part along the first dimension; where that length does not divide, the
     * first ranks keep one row more.
     */
    public <T> T reduceScatter(T value) {
        Flat flat = flat(value);
        List<Long> shape = dims(flat);
        long row = rowElements(shape);
        List<Long> elements = new ArrayList<>();
        for (int member = 0; member < world.size(); member++) {
            elements.add(rowsOf(member, shape.get(0)) * row);
        }
        long mine = rowsOf(world.rank(), shape.get(0));
        ByteBuffer part = buffer(mine * row * flat.type.bytes());
        within("reduce_scatter", () -> world.reduceScatter(flat.elements, part, elements, flat.type));
        List<Long> kept = new ArrayList<>(shape);
        kept.set(0, mine);
        return built(flat.form, part, flat.type, kept);
    }

    private long rowsOf(int member, long total) {
        return total / world.size() + (member < total % world.size() ? 1 : 0);
    }

    /** The root's number, on all ranks. */
    public double broadcast(double value, int root) {
        return this.<Double>broadcast((Double) value, root);
    }

    /** The root's value, on all ranks; the others pass one of the same shape. */
    public <T> T broadcast(T value, int root) {
        Flat flat = flat(value);
        within("broadcast", () -> world.broadcast(flat.elements, root));
        return built(flat.form, flat.elements, flat.type, flat.shape);
    }

    /** Returns when all ranks have called it. */
    public void barrier() {
        within("barrier", () -> world.barrier());
    }

    /** Sends a value to a rank; does not wait for its receive. */
    public void send(int to, Object value) {
        requirePeer(to);
        Flat flat = flat(value);
        within("send", () -> {
            world.send(to, TAG, header(flat));
            world.send(to, TAG, flat.elements);
        });
    }

    /** Waits for the next value of a rank: {@code double[] x = comm.receive(0);} */
    @SuppressWarnings("TypeParameterUnusedInFormals") // The sender decides the type, as people write it on the left.
    public <T> T receive(int from) {
        requirePeer(from);
        ByteBuffer header = buffer(HEADER_LONGS * Long.BYTES);
        within("receive", () -> world.receive(from, TAG, header));
        long[] facts = longs(header);
        TensorType type = facts[0] % 2 == 0 ? TensorType.FLOAT32 : TensorType.FLOAT64;
        List<Long> shape = Arrays.stream(facts).skip(2).limit(facts[1]).boxed().toList();
        ByteBuffer elements = buffer(new TensorShape(shape).numElements() * type.bytes());
        within("receive", () -> world.receive(from, TAG, elements));
        return built(Form.values()[(int) facts[0] / 2], elements, type, shape);
    }

    private void requirePeer(int peer) {
        if (peer < 0 || peer >= world.size() || peer == world.rank()) {
            throw new IllegalArgumentException("rank " + peer + " is not another rank; allowed: 0 to "
                    + (world.size() - 1) + " without " + world.rank());
        }
    }

    private void within(String operation, Runnable call) {
        notes.accept(operation, "cell");
        call.run();
        notes.accept("cell", "");
    }

    private Flat flat(Object value) {
        if (value instanceof Double number) {
            ByteBuffer elements = buffer(Double.BYTES).putDouble(0, number);
            return new Flat(Form.DOUBLE, elements, TensorType.FLOAT64, List.of());
        }
        if (value instanceof double[] numbers) {
            ByteBuffer elements = buffer((long) numbers.length * Double.BYTES);
            elements.asDoubleBuffer().put(numbers);
            return new Flat(Form.DOUBLES, elements, TensorType.FLOAT64, List.of((long) numbers.length));
        }
        if (value instanceof float[] numbers) {
            ByteBuffer elements = buffer((long) numbers.length * Float.BYTES);
            elements.asFloatBuffer().put(numbers);
            return new Flat(Form.FLOATS, elements, TensorType.FLOAT32, List.of((long) numbers.length));
        }
        if (value != null && arrays.isArray(value)) {
            List<Long> shape = arrays.shape(value);
            if (shape.size() > MOST_DIMS) {
                throw new IllegalArgumentException(
                        "an array of " + shape.size() + " dimensions is not moved; allowed: up to " + MOST_DIMS);
            }
            return new Flat(Form.ARRAY, arrays.copy(value), arrays.type(value), shape);
        }
        throw new IllegalArgumentException("a value of type "
                + (value == null ? "null" : value.getClass().getSimpleName())
                + " is not moved; allowed: double, double[], float[], NDArray");
    }

    @SuppressWarnings("unchecked") // The form says which type T is.
    private <T> T built(Form form, ByteBuffer elements, TensorType type, List<Long> shape) {
        Object value =
                switch (form) {
                    case DOUBLE -> elements.getDouble(0);
                    case DOUBLES -> {
                        double[] numbers = new double[elements.remaining() / Double.BYTES];
                        elements.asDoubleBuffer().get(numbers);
                        yield numbers;
                    }
                    case FLOATS -> {
                        float[] numbers = new float[elements.remaining() / Float.BYTES];
                        elements.asFloatBuffer().get(numbers);
                        yield numbers;
                    }
                    case ARRAY -> arrays.create(elements, new TensorShape(shape), type);
                };
        return (T) value;
    }

    /** The dimensions of a value that has a first one. */
    private static List<Long> dims(Flat flat) {
        if (flat.shape.isEmpty()) {
            throw new IllegalArgumentException("a single number has no dimension to join or split along");
        }
        return flat.shape;
    }

    private static long rowElements(List<Long> shape) {
        return new TensorShape(shape.subList(1, shape.size())).numElements();
    }

    /** Form, type and shape of every rank's value. */
    private List<long[]> headers(Flat flat) {
        ByteBuffer all = buffer((long) world.size() * HEADER_LONGS * Long.BYTES);
        List<Long> each = Collections.nCopies(world.size(), (long) HEADER_LONGS);
        within("all_gather", () -> world.allGather(header(flat), all, each, TensorType.FLOAT64));
        List<long[]> headers = new ArrayList<>();
        for (int member = 0; member < world.size(); member++) {
            headers.add(longs(all.slice(member * HEADER_LONGS * Long.BYTES, HEADER_LONGS * Long.BYTES)
                    .order(ByteOrder.nativeOrder())));
        }
        return headers;
    }

    private static ByteBuffer header(Flat flat) {
        ByteBuffer header = buffer(HEADER_LONGS * Long.BYTES);
        header.putLong(0, flat.form.ordinal() * 2L + (flat.type == TensorType.FLOAT64 ? 1 : 0));
        header.putLong(Long.BYTES, flat.shape.size());
        for (int dim = 0; dim < flat.shape.size(); dim++) {
            header.putLong((2 + dim) * Long.BYTES, flat.shape.get(dim));
        }
        return header;
    }

    private static void require(long[] header, Flat flat) {
        long[] own = longs(header(flat));
        own[2] = header[2];
        if (!Arrays.equals(own, header)) {
            throw new IllegalArgumentException("ranks gather values of different types or row shapes: "
                    + Arrays.toString(header) + " and " + Arrays.toString(own)
                    + "; only the first length may differ");
        }
    }

    private static long[] longs(ByteBuffer header) {
        long[] longs = new long[HEADER_LONGS];
        header.asLongBuffer().get(longs);
        return longs;
    }

    private static ByteBuffer buffer(long numBytes) {
        return ByteBuffer.allocateDirect(Math.toIntExact(numBytes)).order(ByteOrder.nativeOrder());
    }

    @Override
    public String toString() {
        return "comm of rank " + world.rank() + " of " + world.size()
                + " (allReduce, allGather, reduceScatter, broadcast, send, receive, barrier)";
    }
}
