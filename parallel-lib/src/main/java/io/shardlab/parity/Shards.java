package io.shardlab.parity;

import io.shardlab.mesh.Mesh;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.SafetensorsFile;
import io.shardlab.weights.SafetensorsWriter;
import io.shardlab.weights.WeightSource.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The files {@code rank-R.safetensors} that the ranks of a plan wrote, seen as whole tensors in double precision. */
public final class Shards implements AutoCloseable {

    private final Plan plan;
    private final List<SafetensorsFile> files = new ArrayList<>();

    private Shards(Plan plan) {
        this.plan = plan;
    }

    static Shards open(Plan plan, Path folder) throws IOException {
        return open(plan, folder, plan.mesh().size());
    }

    /** The files of the first ranks only. */
    private static Shards open(Plan plan, Path folder, int numRanks) throws IOException {
        Shards shards = new Shards(plan);
        try {
            for (int rank = 0; rank < numRanks; rank++) {
                shards.files.add(SafetensorsFile.open(folder.resolve("rank-" + rank + ".safetensors")));
            }
            return shards;
        } catch (IOException | RuntimeException e) {
            shards.close();
            throw e;
        }
    }

    /** The numbers of a tensor as one rank wrote it. */
    record Part(int rank, double[] values) {}

    /** A value between blocks as a whole: every rank's copy, or one joined from each tensor group's rows where they are split. */
    List<Part> values(String name) {
        if (!plan.splitsRows()) {
            return copies(name);
        }
        Map<Integer, List<Part>> groups = new LinkedHashMap<>();
        for (Part part : copies(name)) {
            int first = part.rank - plan.mesh().coordinates(part.rank).tensor();
            groups.computeIfAbsent(first, key -> new ArrayList<>()).add(part);
        }
        return groups.entrySet().stream()
                .map(group -> new Part(
                        group.getKey(),
                        group.getValue().stream()
                                .flatMapToDouble(part -> Arrays.stream(part.values))
                                .toArray()))
                .toList();
    }

    /** Every rank's copy of a tensor that is whole on each rank that has it. */
    List<Part> copies(String name) {
        List<Part> parts = new ArrayList<>();
        for (int rank = 0; rank < files.size(); rank++) {
            SafetensorsFile.Entry entry = files.get(rank).entries().get(name);
            if (entry != null) {
                parts.add(new Part(rank, read(files.get(rank), name, entry.shape())));
            }
        }
        return parts;
    }

    /** Names of whole tensors with a prefix, on any rank. */
    List<String> names(String prefix) {
        TreeSet<String> names = new TreeSet<>(Comparator.comparingInt(Shards::number));
        for (SafetensorsFile file : files) {
            file.entries().keySet().stream()
                    .filter(name -> name.startsWith(prefix))
                    .forEach(names::add);
        }
        return List.copyOf(names);
    }

    /** The trailing number of {@code value/x12}, {@code loss/3}. */
    private static int number(String name) {
        String digits = name.replaceAll(".*?(\\d+)$", "$1");
        return Integer.parseInt(digits);
    }

    /**
     * A parameter, or its gradient, joined from the parts of the tensor axis; one whole tensor for each way in which the mesh
     * holds it more than once (other pipeline ranks; every tensor rank where it, or some of its rows, are replicated).
     */
    List<Part> joined(String prefix, ParameterSpec parameter) {
        Mesh mesh = plan.mesh();
        List<Part> wholes = new ArrayList<>();
        boolean split = parameter.placement() instanceof Placement.Split;
        boolean overlapping = parameter.placement() instanceof Placement.Split known && known.overlaps();
        List<Part> copies = new ArrayList<>();
        Map<Integer, double[]> bySlot = new LinkedHashMap<>();
        for (int rank = 0; rank < files.size(); rank++) {
            SafetensorsFile file = files.get(rank);
            SafetensorsFile.Entry entry = file.entries().get(prefix + parameter.name());
            if (entry == null) {
                continue;
            }
            double[] part = read(file, prefix + parameter.name(), entry.shape());
            if (!split) {
                wholes.add(new Part(rank, part));
                continue;
            }
            int slot = rank - mesh.coordinates(rank).tensor();
            double[] whole = bySlot.computeIfAbsent(
                    slot, key -> new double[Math.toIntExact(parameter.shape().numElements())]);
            scatter(Slice.of(parameter, mesh.coordinates(rank).tensor()), part, whole);
            if (overlapping) {
                copies.add(new Part(rank, part));
            }
        }
        bySlot.forEach((slot, whole) -> wholes.add(new Part(slot, whole)));
        // Where ranks hold the same rows, each one's view of them is a copy to be compared.
        for (Part copy : copies) {
            int index = mesh.coordinates(copy.rank).tensor();
            double[] whole =
                    bySlot.getOrDefault(copy.rank - index, new double[0]).clone();
            scatter(Slice.of(parameter, index), copy.values, whole);
            wholes.add(new Part(copy.rank, whole));
        }
        return wholes;
    }

    private static void scatter(Slice slice, double[] part, double[] whole) {
        int run = Math.toIntExact(slice.length() * slice.inner());
        for (int outer = 0; outer < slice.outer(); outer++) {
            long to = (outer * slice.full() + slice.start()) * slice.inner();
            System.arraycopy(part, outer * run, whole, Math.toIntExact(to), run);
        }
    }

    private static double[] read(SafetensorsFile file, String name, TensorShape shape) {
        int count = Math.toIntExact(shape.numElements());
        ByteBuffer bytes = ByteBuffer.allocate(count * Double.BYTES).order(ByteOrder.nativeOrder());
        file.read(name, new Slice(1, count, 0, count, 1), TensorType.FLOAT64, bytes);
        double[] values = new double[count];
        bytes.flip().asDoubleBuffer().get(values);
        return values;
    }

    /**
     * Joins dumped weights into {@code target/model.safetensors}, whole tensors under their own names. All data ranks hold the
     * same; those of the first are read.
     */
    public static void join(Plan plan, Path folder, Path target) throws IOException {
        Files.createDirectories(target);
        SafetensorsWriter writer = new SafetensorsWriter();
        try (Shards shards = open(plan, folder, plan.mesh().size() / plan.mesh().data())) {
            for (ParameterSpec parameter : plan.parameters()) {
                List<Part> wholes = shards.joined("", parameter);
                double[] values = wholes.get(0).values();
                for (Part other : wholes) {
                    if (!Arrays.equals(values, other.values)) {
                        throw new IllegalStateException("ranks " + wholes.get(0).rank + " and " + other.rank
                                + " hold different numbers of '" + parameter.name() + "'");
                    }
                }
                ByteBuffer bytes =
                        ByteBuffer.allocate(values.length * plan.type().bytes()).order(ByteOrder.nativeOrder());
                for (double value : values) {
                    if (plan.type() == TensorType.FLOAT32) {
                        bytes.putFloat((float) value);
                    } else {
                        bytes.putDouble(value);
                    }
                }
                writer.add(parameter.name(), plan.type(), parameter.shape(), bytes.flip());
            }
        }
        writer.write(target.resolve("model.safetensors"));
    }

    @Override
    public void close() {
        SafetensorsFile.closeAll(files);
    }
}
