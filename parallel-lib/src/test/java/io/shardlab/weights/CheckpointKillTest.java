package io.shardlab.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.IntNode;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import io.shardlab.weights.WeightSource.Slice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process killed at any point of a save leaves a checkpoint that can be read: the old one or the new one, whole, and the
 * next save leaves nothing else behind. The saver is a JVM of its own that halts at the n-th thing it does, for every n.
 */
final class CheckpointKillTest {

    private static final List<ParameterSpec> PARAMETERS = List.of(
            new ParameterSpec("a", TensorShape.of(20, 30), Placement.replicated(), 1),
            new ParameterSpec("b", TensorShape.of(50), Placement.replicated(), 1));

    private static final int HALTED = 77;

    @TempDir
    Path temporary;

    /** Saves checkpoint number {@code args[1]} into {@code args[0]} and halts at point {@code args[2]}. */
    static final class Saver {
        private Saver() {}

        public static void main(String[] args) throws IOException {
            int[] left = {Integer.parseInt(args[2])};
            save(Path.of(args[0]), Integer.parseInt(args[1]), point -> {
                if (left[0]-- == 0) {
                    System.out.println(point);
                    Runtime.getRuntime().halt(HALTED);
                }
            });
        }
    }

    private static void save(Path folder, int number, Consumer<String> points) throws IOException {
        SafetensorsLayout layout = SafetensorsLayout.of("model", PARAMETERS, TensorType.FLOAT32, 1000);
        try (CheckpointDraft draft = CheckpointDraft.begin(folder, 10_000, points)) {
            layout.create(draft.folder());
            points.accept("headers");
            try (TensorFiles files = new TensorFiles(draft.folder(), layout, bytes -> points.accept("tensor"))) {
                for (ParameterSpec parameter : PARAMETERS) {
                    Slice all = Slice.of(parameter, 0);
                    files.write(
                            parameter, all, all, new Extent(0, all.numElements()), filled(all.numElements(), number));
                }
                files.finish();
                points.accept("forced");
            }
            draft.write("config.json", "{}".getBytes(StandardCharsets.UTF_8));
            draft.commit(IntNode.valueOf(number), bytes -> {});
        }
    }

    private static ByteBuffer filled(long count, int number) {
        ByteBuffer bytes = ByteBuffer.allocate((int) count * Float.BYTES).order(ByteOrder.nativeOrder());
        while (bytes.hasRemaining()) {
            bytes.putFloat(number);
        }
        return bytes.flip();
    }

    /** The number of the checkpoint that is there, all of whose files and tensors are its own. */
    private static int read(Path folder) throws IOException {
        CheckpointFolder checkpoint = CheckpointFolder.open(folder);
        checkpoint.verify(bytes -> {});
        int number = checkpoint.state().intValue();
        try (SafetensorsFolder tensors = SafetensorsFolder.open(folder)) {
            tensors.verify(PARAMETERS);
            for (ParameterSpec parameter : PARAMETERS) {
                Slice all = Slice.of(parameter, 0);
                ByteBuffer found = filled(all.numElements(), -1);
                tensors.read(parameter, all, TensorType.FLOAT32, found);
                assertEquals(filled(all.numElements(), number), found.flip());
            }
        }
        return number;
    }

    private static String saver(Path folder, int number, int point) throws Exception {
        Path output = folder.resolveSibling("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Saver.class.getName(),
                        folder.toString(),
                        String.valueOf(number),
                        String.valueOf(point))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        int exit = process.waitFor();
        String said = Files.readString(output).strip();
        Files.delete(output);
        assertTrue(exit == 0 || exit == HALTED, () -> "exit " + exit + ": " + said);
        return exit == 0 ? "" : said;
    }

    @Test
    void whereverASaverIsKilledAWholeCheckpointRemains() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("here")).resolve("checkpoint");
        save(folder, 1, point -> {});
        Files.writeString(folder.resolve("notes.txt"), "mine");
        int old = 1;
        List<String> points = new ArrayList<>();
        String reached = "start";
        for (int point = 0; !reached.isEmpty(); point++) {
            reached = saver(folder, 100 + point, point);
            int found = read(folder);
            assertTrue(found == old || found == 100 + point, "old " + old + ", killed at " + reached + ": " + found);
            points.add(reached + (found == old ? ": old" : ": new"));
            old = found;
        }
        System.out.println("killed at " + points);
        assertTrue(points.size() >= 13, points::toString);
        assertEquals("mine", Files.readString(folder.resolve("notes.txt")));
        try (Stream<Path> left = Files.list(folder.resolveSibling("."))) {
            assertEquals(
                    List.of("checkpoint"),
                    left.map(path -> String.valueOf(path.getFileName())).toList());
        }
    }

    @Test
    void twoSaversExcludeEachOtherAndOtherPeoplesFoldersAreLeftAlone() throws IOException {
        Path folder = temporary.resolve("checkpoint");
        try (CheckpointDraft first = CheckpointDraft.begin(folder, 1)) {
            assertTrue(Files.exists(first.folder()));
            IllegalStateException second =
                    assertThrows(IllegalStateException.class, () -> CheckpointDraft.begin(folder, 1));
            assertTrue(String.valueOf(second.getMessage()).endsWith("is being saved by someone else now"));
        }
        save(folder, 1, point -> {});
        Path other = Files.createDirectory(temporary.resolve("other"));
        Files.writeString(other.resolve("thesis.txt"), "years");
        refused(other, "holds files that are not a checkpoint's");
        refused(other.resolve("thesis.txt"), "is a file");
        refused(other.resolve("thesis.txt/sub"), "thesis.txt is there and is no folder");
        refused(Path.of("/proc/no-such"), "'/proc/no-such' cannot be written: /proc/.no-such.lock is missing");
        refused(Path.of(""), "this process works in it");
        IllegalArgumentException full =
                assertThrows(IllegalArgumentException.class, () -> CheckpointDraft.begin(folder, Long.MAX_VALUE / 2));
        assertTrue(String.valueOf(full.getMessage()).contains("MB free"), full.getMessage());
        assertEquals(1, read(folder));
        assertEquals("years", Files.readString(other.resolve("thesis.txt")));
    }

    private static void refused(Path folder, String reason) {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> CheckpointDraft.begin(folder, 1));
        assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused.getMessage());
    }

    @Test
    void aMarkerThatBreaksARuleIsRefused() throws IOException {
        Path folder = temporary.resolve("checkpoint");
        save(folder, 1, point -> {});
        Path marker = folder.resolve("checkpoint.json");
        String good = Files.readString(marker);
        damaged(marker, good.replace("\"version\" : 1", "\"version\" : 2"), "version 2 is not one");
        damaged(marker, good.replace("config.json", "../config.json"), "'../config.json' is not allowed");
        damaged(marker, good.replace("config.json", "/etc/passwd"), "'/etc/passwd' is not allowed");
        damaged(marker, good.replaceAll("\"sha256\" : \"..", "\"sha256\" : \"zz"), "no SHA-256");
        damaged(marker, good.substring(0, good.length() / 2), "not the expected JSON");
        damaged(marker, good.replace("\"version\" : 1", "\"version\" : 1, \"version\" : 1"), "not the expected JSON");
        damaged(marker, good.replace("\"state\"", "\"stat\""), "checkpoint.json: has no state");
        damaged(marker, good.replace("\"state\"", "\"more\" : 1, \"state\""), "not the expected JSON");
        damaged(marker, "{\"version\":1}", "has no state");
        damaged(marker, "{\"version\":1,\"state\":null,\"files\":[]}", "has no state");
        damaged(marker, "{\"version\":1,\"state\":7}", "has no files");
        damaged(marker, "{\"version\":1,\"state\":7,\"files\":[null]}", "has no files[0]");
        damaged(marker, good.replaceFirst(",\\s*\"sha256\" : \"\\w+\"", ""), "has no files[0].sha256");
        damaged(marker, good.replaceFirst("\"bytes\" : ", "\"bytes\" : -"), "bytes");
        damaged(marker, good + "{}", "has text after its JSON");
        damaged(marker, good + "garbage", "not the expected JSON");
        damaged(marker, "", "version");
        Files.writeString(marker, good);
        assertEquals(1, read(folder));
        Files.delete(folder.resolve("config.json"));
        assertThrows(DamagedFileException.class, () -> read(folder));
    }

    /** With an empty list of files, or beside one, a changed tensor file used to be loaded unseen. */
    @Test
    void aTensorFileThatTheMarkerDoesNotNameIsRefused() throws IOException {
        Path folder = temporary.resolve("checkpoint");
        save(folder, 1, point -> {});
        Path marker = folder.resolve("checkpoint.json");
        String good = Files.readString(marker);
        Files.writeString(marker, "{\"version\":1,\"state\":1,\"files\":[]}");
        unreadable(folder, "model-00001-of-00002.safetensors: is not one of the files");
        Files.writeString(marker, good);
        Path index = Files.writeString(folder.resolve("model.safetensors.index.json"), "{}");
        unreadable(folder, "index.json: is not one of the files that checkpoint.json names");
        Files.delete(index);
        Path config = folder.resolve("config.json");
        Files.delete(config);
        Files.createDirectory(config);
        unreadable(folder, "config.json: is not a file");
    }

    private static void unreadable(Path folder, String reason) {
        DamagedFileException refused = assertThrows(DamagedFileException.class, () -> read(folder));
        assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused.getMessage());
    }

    /** Killed between its two renames, a save leaves no folder under the name that a link leads to. */
    @Test
    void throughALinkAKilledSaveIsFinishedToo() throws IOException {
        Path folder = temporary.resolve("checkpoint");
        Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("checkpoint"));
        for (boolean loads : new boolean[] {true, false}) {
            save(folder, 1, point -> {});
            Files.move(folder, temporary.resolve(".checkpoint.previous"));
            if (!loads) {
                save(link, 2, point -> {});
            }
            assertEquals(loads ? 1 : 2, read(link));
            assertEquals(loads ? 1 : 2, read(folder));
            assertTrue(Files.isSymbolicLink(link));
        }
    }

    @Test
    void aLinkThatLeadsNowhereIsRefused() throws IOException {
        Path dangling = Files.createSymbolicLink(temporary.resolve("dangling"), Path.of("gone"));
        Path loop = Files.createSymbolicLink(temporary.resolve("loop"), Path.of("loop"));
        refused(dangling, "which is not there");
        refused(loop, "leads in a circle");
        for (Path link : List.of(dangling, loop)) {
            IllegalArgumentException absent =
                    assertThrows(IllegalArgumentException.class, () -> CheckpointFolder.open(link));
            assertTrue(String.valueOf(absent.getMessage()).endsWith("is not there"), absent.getMessage());
        }
    }

    private static void damaged(Path marker, String text, String reason) throws IOException {
        Files.writeString(marker, text);
        Path folder = Path.of(marker.toString()).resolveSibling("");
        DamagedFileException refused = assertThrows(DamagedFileException.class, () -> CheckpointFolder.open(folder));
        assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused.getMessage());
    }

    @Test
    void overlappingPartsAreWrittenOnce() {
        Placement overlapping =
                new Placement.Split(0, List.of(new Extent(0, 4), new Extent(2, 4), new Extent(2, 4), new Extent(6, 2)));
        ParameterSpec parameter = new ParameterSpec("k", TensorShape.of(8, 3), overlapping, 1);
        int[] writers = new int[24];
        for (int rank = 0; rank < 4; rank++) {
            Slice held = Slice.of(parameter, rank);
            for (Slice part : Slice.owned(parameter, rank)) {
                held.forEachRun(part, new Extent(0, held.numElements()), (here, whole, count) -> {
                    for (int i = 0; i < count; i++) {
                        writers[(int) whole + i]++;
                        assertEquals(whole + i, held.start() * 3 + here + i);
                    }
                });
            }
        }
        for (int count : writers) {
            assertEquals(1, count);
        }
    }
}
