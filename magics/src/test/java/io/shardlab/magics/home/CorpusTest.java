package io.shardlab.magics.home;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {

    @TempDir
    Path home;

    private Corpus corpus(Map<String, String> environment) {
        return new Corpus(home.resolve("home"), environment);
    }

    private Corpus.Tokens tokens(String source, int vocabulary) {
        Corpus corpus = corpus(Map.of());
        return corpus.tokens(corpus.find(Optional.of(source)), vocabulary);
    }

    @Test
    void eachByteIsALittleEndianTokenBelowTheVocabulary() throws IOException {
        Path text = Files.writeString(home.resolve("a.txt"), "aü");
        Corpus.Tokens tokens = tokens(text.toString(), 256);
        assertEquals(3, tokens.count());
        assertArrayEquals(
                new byte[] {'a', 0, 0, 0, (byte) 0xC3, 0, 0, 0, (byte) 0xBC, 0, 0, 0},
                Files.readAllBytes(tokens.file()));
    }

    /** They were folded modulo the vocabulary without a word, so that other text was trained on. */
    @Test
    void textWithBytesThatTheVocabularyLacksIsRefused() throws IOException {
        Path text = Files.writeString(home.resolve("a.txt"), "aü");
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> tokens(text.toString(), 128))
                .getMessage());
        assertTrue(
                message.startsWith(
                        "--data " + text + " holds byte 195, and the model's vocabulary of 128 ends at 127;"),
                message);
        Files.writeString(text, "a");
        assertEquals(1, tokens(text.toString(), 'a' + 1).count());
    }

    @Test
    void randomTokensAreMadeForTheVocabulary() throws IOException {
        byte[] ids = Files.readAllBytes(tokens("random", 7).file());
        for (int i = 0; i < 1000; i++) {
            assertTrue(ids[4 * i] < 7);
        }
    }

    @Test
    void textForAModelWithATokenizerSaysThatItIsReadAsBytes() throws IOException {
        Path text = Files.writeString(home.resolve("a.txt"), "text");
        Path model = Files.createDirectories(home.resolve("model"));
        Corpus.Source source = corpus(Map.of()).find(Optional.of(text.toString()));
        assertEquals(text.toString(), source.forModel(model.toString()).description());
        Files.writeString(model.resolve("tokenizer.json"), "{}");
        assertEquals(
                text + " (text is read as bytes: the model's tokenizer.json is not used yet)",
                source.forModel(model.toString()).description());
        assertEquals(Optional.empty(), Corpus.unusedTokenizer("tiny"));
    }

    @Test
    void theSameContentIsTheSameFile() throws IOException {
        Path a = Files.writeString(home.resolve("a.txt"), "same");
        Path b = Files.writeString(home.resolve("b.txt"), "same");
        assertEquals(tokens(a.toString(), 256).file(), tokens(b.toString(), 256).file());
        assertNotEquals(
                tokens(a.toString(), 256).file(), tokens(b.toString(), 128).file());
        try (var files = Files.list(home.resolve("home/tokens"))) {
            assertEquals(2, files.count(), "drafts are gone");
        }
    }

    @Test
    void aFolderIsItsFilesInOrderWithoutHiddenOnes() throws IOException {
        Path folder = Files.createDirectories(home.resolve("texts/sub"));
        Files.writeString(home.resolve("texts/b.txt"), "B");
        Files.writeString(home.resolve("texts/a.txt"), "A");
        Files.writeString(folder.resolve("c.txt"), "C");
        Files.writeString(home.resolve("texts/.hidden"), "H");
        byte[] ids =
                Files.readAllBytes(tokens(home.resolve("texts").toString(), 256).file());
        assertEquals("ABC", "" + (char) ids[0] + (char) ids[4] + (char) ids[8]);
        assertEquals(12, ids.length);
    }

    @Test
    void javaCodeIsTheJavaEntriesOfAllJarsInOrder() throws IOException {
        Path jars = Files.createDirectories(home.resolve("jars"));
        jar(jars.resolve("b.jar"), Map.of("X.java", "x"));
        jar(jars.resolve("a.jar"), Map.of("Z.java", "z", "Y.java", "y", "no.txt", "n"));
        Corpus corpus = corpus(Map.of(Corpus.SOURCES, jars.toString()));
        Corpus.Tokens tokens = corpus.tokens(corpus.find(Optional.empty()), 256);
        byte[] ids = Files.readAllBytes(tokens.file());
        assertEquals("yzx", "" + (char) ids[0] + (char) ids[4] + (char) ids[8]);
        assertTrue(corpus.list().stream().anyMatch(row -> row.kind().equals("token file")));
    }

    private static void jar(Path file, Map<String, String> entries) throws IOException {
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, String> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    @Test
    void withoutSourcesTheDefaultIsRandomAndAlwaysTheSame() {
        Corpus corpus = corpus(Map.of());
        Corpus.Tokens once = corpus.tokens(corpus.find(Optional.empty()), 256);
        assertEquals(once.file(), tokens("random", 256).file());
        assertEquals(1 << 20, once.count());
    }

    @Test
    void anEmptyFolderAndAMissingFileAreRefused() throws IOException {
        Path empty = Files.createDirectories(home.resolve("empty"));
        assertThrows(IllegalArgumentException.class, () -> tokens(empty.toString(), 256));
        assertThrows(IllegalArgumentException.class, () -> tokens("no-such-file", 256));
        assertThrows(IllegalArgumentException.class, () -> tokens("a\u0000b", 256));
    }
}
