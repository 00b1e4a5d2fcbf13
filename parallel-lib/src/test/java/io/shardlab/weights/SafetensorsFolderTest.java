package io.shardlab.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.Placement;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders in Hugging Face layout, whole, mixed up and hostile. */
final class SafetensorsFolderTest {

    @TempDir
    Path folder;

    private void file(String name, String... tensors) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        for (String tensor : tensors) {
            ByteBuffer bytes = ByteBuffer.allocate(4).order(ByteOrder.nativeOrder());
            writer.add(
                    tensor,
                    TensorType.FLOAT32,
                    TensorShape.of(1),
                    bytes.putFloat(tensor.length()).flip());
        }
        writer.write(folder.resolve(name));
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\":" + weightMap + "}");
    }

    private static ParameterSpec vector(String name, long... dims) {
        return new ParameterSpec(name, TensorShape.of(dims), Placement.replicated(), 0.02);
    }

    private static float value(SafetensorsFolder source, String name) {
        ByteBuffer target = ByteBuffer.allocate(4).order(ByteOrder.nativeOrder());
        ParameterSpec parameter = vector(name, 1);
        source.read(parameter, WeightSource.Slice.of(parameter, 0), TensorType.FLOAT32, target);
        return target.getFloat(0);
    }

    @Test
    void tensorsAreFoundThroughTheIndexOrWithoutOne() throws IOException {
        file("model-00001-of-00002.safetensors", "a", "bb");
        file("model-00002-of-00002.safetensors", "ccc");
        for (boolean indexed : List.of(false, true)) {
            if (indexed) {
                index(
                        """
                        {"a":"model-00001-of-00002.safetensors","bb":"model-00001-of-00002.safetensors",
                         "ccc":"model-00002-of-00002.safetensors"}""");
            }
            try (SafetensorsFolder source = SafetensorsFolder.open(folder)) {
                assertEquals(1, value(source, "a"));
                assertEquals(2, value(source, "bb"));
                assertEquals(3, value(source, "ccc"));
            }
        }
        try (SafetensorsFolder one = SafetensorsFolder.open(folder.resolve("model-00002-of-00002.safetensors"))) {
            assertEquals(3, value(one, "ccc"));
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            {"a":"gone.safetensors"}                           | tensor 'a' is in the missing file gone.safetensors
            {"a":"../one.safetensors"}                         | points outside: ../one.safetensors
            {"a":"/etc/passwd"}                                | points outside: /etc/passwd
            {"a":"sub/one.safetensors"}                        | points outside: sub/one.safetensors
            {"a":"..\\\\one.safetensors"}                      | points outside
            {"a":".."}                                         | points outside: ..
            {"a":"."}                                          | points outside: .
            {"a":""}                                           | missing file
            {"a":"one\\u0000.safetensors"}                     | points outside
            {"a":7}                                            | tensor 'a' is not in a named file
            {"a":null}                                         | tensor 'a' is not in a named file
            {"a":["one.safetensors"]}                          | tensor 'a' is not in a named file
            {"zz":"one.safetensors"}                           | tensor 'zz' named by the index is missing
            {"a":"one.safetensors","b":"two.safetensors"}      | tensor 'a' is also in
            {"a":"one.safetensors","a":"one.safetensors"}      | Duplicate
            {"a":"one.safetensors"                             | not the expected JSON
            [1,2]                                              | names no tensor
            {}                                                 | names no tensor
            null                                               | names no tensor
            """)
    void aWrongIndexIsRefusedWithTensorAndReason(String weightMap, String reason) throws IOException {
        file("one.safetensors", "a");
        file("two.safetensors", "a", "b");
        index(weightMap);
        DamagedFileException refused = assertThrows(
                DamagedFileException.class, () -> SafetensorsFolder.open(folder).close());
        assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused::getMessage);
        assertTrue(String.valueOf(refused.getMessage()).startsWith(folder.toString()), refused::getMessage);
    }

    @Test
    void aTensorInTwoFilesIsRefusedWithoutAnIndexToo() throws IOException {
        file("one.safetensors", "a");
        file("two.safetensors", "a");
        DamagedFileException refused = assertThrows(
                DamagedFileException.class, () -> SafetensorsFolder.open(folder).close());
        assertTrue(String.valueOf(refused.getMessage()).contains("is also in " + folder.resolve("one.safetensors")));
    }

    @Test
    void aFolderWithoutWeightsSaysSo() {
        assertFalse(SafetensorsFolder.holdsWeights(folder));
        IOException refused = assertThrows(IOException.class, () -> SafetensorsFolder.open(folder));
        assertTrue(String.valueOf(refused.getMessage()).contains("holds no .safetensors file"));
    }

    @Test
    void everyMismatchWithTheConfigurationIsInOneTable() throws IOException {
        file("one.safetensors", "a", "b", "c");
        Files.write(
                folder.resolve("two.safetensors"),
                RawSafetensors.file("{" + RawSafetensors.tensor("n", "I32", "[1]", 0, 4) + "}", 4));
        try (SafetensorsFolder source = SafetensorsFolder.open(folder)) {
            source.verify(List.of(vector("a", 1), vector("c", 1)));
            DamagedFileException refused = assertThrows(
                    DamagedFileException.class,
                    () -> source.verify(List.of(
                            vector("a", 2), vector("b", 1), vector("c", 1, 1), vector("d", 3), vector("n", 1))));
            assertEquals(
                    folder
                            + ": weights do not fit the configuration:\n"
                            + "  a: expected [2], found [1]\n"
                            + "  c: expected [1, 1], found [1]\n"
                            + "  d: expected [3], found nothing\n"
                            + "  n: expected floating point, found I32",
                    refused.getMessage());
        }
    }

    /** A bias, a norm of queries or a third layer was left out without a word, and the model was another one. */
    @Test
    void tensorsThatTheModelHasNoUseForAreRefused() throws IOException {
        file("one.safetensors", "a", "lm_head.weight", "model.layers.0.self_attn.rotary_emb.inv_freq");
        List<ParameterSpec> parameters = List.of(vector("a", 1));
        try (SafetensorsFolder source = SafetensorsFolder.open(folder)) {
            source.verifyModel(parameters);
        }
        file("two.safetensors", "q.bias", "k.bias", "v.bias", "q_norm.weight");
        try (SafetensorsFolder source = SafetensorsFolder.open(folder)) {
            source.verify(parameters);
            DamagedFileException refused =
                    assertThrows(DamagedFileException.class, () -> source.verifyModel(parameters));
            assertEquals(
                    folder + ": the model has no use for 4 tensors: q.bias, k.bias, v.bias, …;"
                            + " expected only what config.json describes, so correct that or remove them",
                    refused.getMessage());
        }
    }
}
