package io.shardlab.magics.home;

import io.shardlab.magics.command.Nearest;
import io.shardlab.model.Presets;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * Text as token ids: each byte is a token. Sources become files of little-endian 32-bit ids, named by their content, below the
 * home folder.
 */
public final class Corpus {

    static final String JAVA_CODE = "java-code";
    public static final String RANDOM = "random";
    static final String SOURCES = "SHARDLAB_SOURCES";

    private static final List<String> TOKENIZERS = List.of("tokenizer.json", "tokenizer.model");
    private static final long JAVA_CODE_BYTES = 4L << 20;
    private static final int RANDOM_TOKENS = 1 << 20;
    private static final long MOST_BYTES = 512L << 20;
    private static final int MOST_FILES = 10_000;

    private final Path folder;
    private final Map<String, String> environment;

    public Corpus(Path home, Map<String, String> environment) {
        this.folder = home.resolve("tokens");
        this.environment = Map.copyOf(environment);
    }

    /** Tokens in a file. */
    public record Tokens(Path file, long count, String description) {}

    /** A line of {@code %shard data}. */
    public record Listed(String name, String kind, OptionalLong tokens, String note) {}

    /** Where bytes come from; found, but not read yet. */
    public record Source(String description, Reader reader) {

        /** The same for a model, whose tokenizer is not used. */
        public Source forModel(String model) {
            return new Source(
                    description
                            + unusedTokenizer(model)
                                    .map(note -> " (" + note + ")")
                                    .orElse(""),
                    reader);
        }
    }

    /** What is said of a model whose folder has a tokenizer: text is bytes all the same. */
    public static Optional<String> unusedTokenizer(String model) {
        if (model.indexOf('\0') >= 0
                || Presets.all().stream().anyMatch(preset -> preset.name().equals(model))) {
            return Optional.empty();
        }
        return TOKENIZERS.stream()
                .filter(name -> Files.isRegularFile(Path.of(model).resolve(name)))
                .findFirst()
                .map(name -> "text is read as bytes: the model's " + name + " is not used yet");
    }

    /** Writes the source's bytes, in an order that is always the same; made for a vocabulary only where there is no text to keep. */
    @FunctionalInterface
    interface Reader {
        void copyTo(OutputStream out, int vocabulary) throws IOException;
    }

    /** Finds a source by the name the user gave, or the default one; refuses what is not there. */
    public Source find(Optional<String> name) {
        String wanted = name.orElse(sources().isPresent() ? JAVA_CODE : RANDOM);
        if (wanted.equals(RANDOM)) {
            return new Source("random bytes (seed 0)", Corpus::randomBytes);
        }
        if (wanted.equals(JAVA_CODE)) {
            Path jars = sources()
                    .orElseThrow(() -> new IllegalArgumentException("--data java-code needs source jars: the variable "
                            + SOURCES + " must name a folder that holds them (./lab setup fetches them)"));
            return new Source("Java source text of " + jars, (out, vocabulary) -> javaCode(jars, out));
        }
        Path path = path(wanted);
        if (Files.isRegularFile(path)) {
            return new Source(wanted, (out, vocabulary) -> Files.copy(path, out));
        }
        if (Files.isDirectory(path)) {
            List<Path> files = files(path);
            return new Source(files.size() + " files of " + wanted, (out, vocabulary) -> {
                for (Path file : files) {
                    Files.copy(file, out);
                }
            });
        }
        throw new IllegalArgumentException("--data " + wanted
                + " is not there"
                + Nearest.guess(wanted, List.of(JAVA_CODE, RANDOM, SampleSets.FASHION_MNIST))
                + "; allowed: a text file, a folder of text files, java-code, random; for a model of"
                + " the notebook fashion-mnist, a folder of MNIST's IDX files, random");
    }

    /** The path that a text names; refuses what is none. */
    static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException notAPath) {
            throw new IllegalArgumentException("--data '" + text + "' is not a file name", notAPath);
        }
    }

    private Optional<Path> sources() {
        return Optional.ofNullable(environment.get(SOURCES))
                .filter(text -> !text.isBlank())
                .map(Corpus::path)
                .filter(Files::isDirectory);
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> walk = Files.walk(folder)) {
            List<Path> files = walk.filter(Files::isRegularFile)
                    .filter(file -> !folder.relativize(file).toString().matches("(.*/)?\\..*"))
                    .sorted(Comparator.comparing(file -> folder.relativize(file).toString()))
                    .limit(MOST_FILES + 1L)
                    .toList();
            if (files.isEmpty() || files.size() > MOST_FILES) {
                throw new IllegalArgumentException("--data " + folder + " holds "
                        + (files.isEmpty() ? "no files" : "more than " + MOST_FILES + " files"));
            }
            return files;
        } catch (IOException | UncheckedIOException unreadable) {
            throw new IllegalArgumentException(
                    "--data " + folder + " cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    private static void randomBytes(OutputStream out, int vocabulary) throws IOException {
        byte[] bytes = new byte[RANDOM_TOKENS];
        new SplittableRandom(0).nextBytes(bytes);
        if (vocabulary < 256) {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) ((bytes[i] & 0xFF) % vocabulary);
            }
        }
        out.write(bytes);
    }

    /** The .java entries of all jars, jars and entries in the order of their names, up to a cap. */
    private static void javaCode(Path folder, OutputStream out) throws IOException {
        List<Path> jars;
        try (Stream<Path> list = Files.list(folder)) {
            jars = list.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        }
        long left = JAVA_CODE_BYTES;
        for (Path jar : jars) {
            try (JarFile archive = new JarFile(jar.toFile())) {
                List<JarEntry> entries = archive.stream()
                        .filter(entry -> entry.getName().endsWith(".java"))
                        .sorted(Comparator.comparing(JarEntry::getName))
                        .toList();
                for (JarEntry entry : entries) {
                    try (InputStream in = archive.getInputStream(entry)) {
                        byte[] text = in.readNBytes((int) Math.min(left, Integer.MAX_VALUE));
                        out.write(text);
                        left -= text.length;
                    }
                    if (left == 0) {
                        return;
                    }
                }
            }
        }
    }

    /**
     * Writes a source as token ids below {@code vocabulary}; the same content is the same file.
     *
     * @throws IllegalArgumentException if it holds a byte that is no token of the vocabulary
     */
    public Tokens tokens(Source source, int vocabulary) {
        try {
            Files.createDirectories(folder);
            Path draft = Files.createTempFile(folder, ".draft-", ".bin");
            try {
                Encoder encoder = new Encoder(Files.newOutputStream(draft), source, vocabulary);
                try (encoder) {
                    source.reader().copyTo(encoder, vocabulary);
                }
                Path file = folder.resolve(encoder.name() + ".bin");
                Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                return new Tokens(file, encoder.count, source.description());
            } finally {
                Files.deleteIfExists(draft);
            }
        } catch (IOException unreadable) {
            throw new IllegalArgumentException(
                    "--data " + source.description() + " cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    /** What can be named, and the files made so far. */
    public List<Listed> list() {
        List<Listed> rows = new ArrayList<>();
        rows.add(new Listed(
                JAVA_CODE,
                "built in",
                OptionalLong.empty(),
                sources()
                        .map(path -> "source jars in " + path)
                        .orElse("not there: set " + SOURCES + " to a folder of source jars")));
        rows.add(new Listed(RANDOM, "built in", OptionalLong.of(RANDOM_TOKENS), "uniform bytes, nothing to learn"));
        rows.add(new Listed("FILE", "text file", OptionalLong.empty(), "its bytes"));
        rows.add(new Listed("FOLDER", "text files", OptionalLong.empty(), "their bytes, in the order of their names"));
        if (Files.isDirectory(folder)) {
            try (Stream<Path> list = Files.list(folder)) {
                for (Path file : list.filter(file -> file.toString().matches(".*/[0-9a-f]{16}\\.bin"))
                        .sorted()
                        .toList()) {
                    rows.add(new Listed(
                            String.valueOf(file.getFileName()),
                            "token file",
                            OptionalLong.of(Files.size(file) / Integer.BYTES),
                            file.toString()));
                }
            } catch (IOException unreadable) {
                throw new UncheckedIOException(unreadable);
            }
        }
        return rows;
    }

    /** Bytes in, ids out; the name is a hash of both. */
    private static final class Encoder extends OutputStream {
        private final OutputStream out;
        private final Source source;
        private final int vocabulary;
        private final MessageDigest digest;
        private long count;

        Encoder(OutputStream file, Source source, int vocabulary) {
            this.out = new BufferedOutputStream(file, 1 << 16);
            this.source = source;
            this.vocabulary = vocabulary;
            try {
                this.digest = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException impossible) {
                throw new IllegalStateException("every JDK has SHA-256", impossible);
            }
            digest.update(String.valueOf(Math.min(vocabulary, 256)).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            count += length;
            if (count > MOST_BYTES) {
                throw new IOException("more than " + (MOST_BYTES >> 20) + " MB of text");
            }
            digest.update(bytes, offset, length);
            for (int i = offset; i < offset + length; i++) {
                int id = bytes[i] & 0xFF;
                if (id >= vocabulary) {
                    throw new IllegalArgumentException("--data " + source.description() + " holds byte " + id
                            + ", and the model's vocabulary of " + vocabulary + " ends at " + (vocabulary - 1)
                            + "; each byte is a token, so use text without such bytes, --data random or a model with a"
                            + " vocabulary of 256");
                }
                out.write(id);
                out.write(id >>> 8);
                out.write(id >>> 16);
                out.write(id >>> 24);
            }
        }

        @Override
        public void close() throws IOException {
            out.close();
        }

        String name() {
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        }
    }
}
