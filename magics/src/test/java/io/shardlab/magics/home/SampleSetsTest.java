package io.shardlab.magics.home;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.run.SampleFile;
import io.shardlab.tensor.TensorShape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of the IDX format become files of samples, or are refused with file, offset and reason. */
final class SampleSetsTest {

    private static final int COUNT = 7;
    private static final TensorShape IMAGE = TensorShape.of(1, 3, 2);

    @TempDir
    Path temporary;

    private static byte[] images() {
        ByteBuffer bytes = ByteBuffer.allocate(16 + COUNT * 6);
        bytes.putInt(0x803).putInt(COUNT).putInt(3).putInt(2);
        for (int i = 0; i < COUNT * 6; i++) {
            bytes.put((byte) (200 + i));
        }
        return bytes.array();
    }

    private static byte[] labels() {
        return new byte[] {0, 0, 8, 1, 0, 0, 0, COUNT, 0, 1, 2, 3, 0, 1, 2};
    }

    private Path folder(byte[] images, byte[] labels) throws IOException {
        Path folder = Files.createDirectories(temporary.resolve("idx"));
        Files.write(folder.resolve("train-images-idx3-ubyte"), images);
        Files.write(folder.resolve("train-labels-idx1-ubyte"), labels);
        return folder;
    }

    private Path find(Path folder) {
        return new SampleSets(temporary.resolve("home")).find(Optional.of(folder.toString()), IMAGE, 4);
    }

    @Test
    void eachSampleIsItsLabelAndItsBytes() throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(find(folder(images(), labels()))));
        byte[] magic = new byte[SampleFile.MAGIC.length];
        file.get(magic);
        assertTrue(Arrays.equals(SampleFile.MAGIC, magic));
        assertEquals(COUNT, file.getInt());
        assertEquals(6, file.getInt());
        assertEquals(SampleFile.HEADER_BYTES, file.position());
        for (int i = 0; i < COUNT; i++) {
            assertEquals(labels()[8 + i], file.get());
            for (int j = 0; j < 6; j++) {
                assertEquals((byte) (200 + i * 6 + j), file.get());
            }
        }
        assertEquals(0, file.remaining());
    }

    @Test
    void compressedFilesGiveTheSameBytes() throws IOException {
        byte[] plain = Files.readAllBytes(find(folder(images(), labels())));
        Path folder = Files.createDirectories(temporary.resolve("gz"));
        Files.write(folder.resolve("train-images-idx3-ubyte.gz"), gzip(images()));
        Files.write(folder.resolve("train-labels-idx1-ubyte.gz"), gzip(labels()));
        assertTrue(Arrays.equals(plain, Files.readAllBytes(find(folder))));
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(bytes);
        }
        return out.toByteArray();
    }

    @ParameterizedTest(name = "{0} byte {1} = {2}: {3}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            images | 3  | 1   | images-idx3-ubyte at offset 0: begins with 00000801, expected 00000803
            images | 2  | 13  | images-idx3-ubyte at offset 0: begins with 00000d03
            images | 7  | 0   | images-idx3-ubyte at offset 4: dimension 0 of length 0
            images | 4  | 255 | images-idx3-ubyte at offset 4: dimension 0 of length -16777209
            images | 8  | 127 | images-idx3-ubyte at offset 8: dimension 1 of length 2130706435
            images | 11 | 4   | images-idx3-ubyte at offset 8: images of 4 × 2; the model takes samples of shape [1, 3, 2]
            images | 7  | 8   | labels-idx1-ubyte at offset 4: 7 labels for 8 images
            labels | 7  | 8   | labels-idx1-ubyte at offset 4: 8 labels for 7 images
            labels | 10 | 4   | labels-idx1-ubyte at offset 10: label 4; the model has 4 classes
            """)
    void aChangedByteIsRefused(String which, int index, int value, String reason) throws IOException {
        byte[] images = images();
        byte[] labels = labels();
        (which.equals("images") ? images : labels)[index] = (byte) value;
        assertRefused(folder(images, labels), reason);
    }

    @Test
    void filesOfAnotherLengthAreRefused() throws IOException {
        assertRefused(
                folder(Arrays.copyOf(images(), 40), labels()),
                "images-idx3-ubyte at offset 40: ends here; its header promises more");
        assertRefused(
                folder(images(), Arrays.copyOf(labels(), 16)),
                "labels-idx1-ubyte at offset 15: goes on after the last element");
        assertRefused(folder(new byte[0], labels()), "images-idx3-ubyte at offset 0: ends here");
    }

    @Test
    void aDamagedArchiveIsRefused() throws IOException {
        Path folder = Files.createDirectories(temporary.resolve("gz"));
        Files.write(folder.resolve("train-labels-idx1-ubyte.gz"), gzip(labels()));
        byte[] zipped = gzip(images());
        Files.write(folder.resolve("train-images-idx3-ubyte.gz"), Arrays.copyOf(zipped, zipped.length - 12));
        assertRefused(folder, "images-idx3-ubyte.gz at offset");
        zipped[20] ^= 0x55;
        Files.write(folder.resolve("train-images-idx3-ubyte.gz"), zipped);
        assertRefused(folder, "images-idx3-ubyte.gz");
        assertRefused(temporary, "holds no train-images-idx3-ubyte and train-labels-idx1-ubyte");
    }

    private void assertRefused(Path folder, String reason) throws IOException {
        String message = String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> find(folder)).getMessage());
        assertTrue(message.contains(reason), message);
        Path home = temporary.resolve("home/samples");
        if (Files.exists(home)) {
            try (var files = Files.list(home)) {
                assertEquals(0, files.count(), "a refused file left something behind");
            }
        }
    }
}
