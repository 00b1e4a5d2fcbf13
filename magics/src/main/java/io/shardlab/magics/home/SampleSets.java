package io.shardlab.magics.home;

import io.shardlab.run.SampleFile;
import io.shardlab.tensor.TensorShape;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * Labelled samples for users' blocks: the training images of a folder with MNIST's IDX files, or random ones. Workers read them
 * from one {@link SampleFile} below the home folder, which is written once.
 */
public final class SampleSets {

    private static final String IMAGES = "train-images-idx3-ubyte";
    private static final String LABELS = "train-labels-idx1-ubyte";
    /** The name of the data set that Debian and Ubuntu package. */
    static final String FASHION_MNIST = "fashion-mnist";

    private static final Path PACKAGED = Path.of("/usr/share/datasets/fashion-mnist");
    private static final int RANDOM_SAMPLES = 4096;
    private static final long MOST_RANDOM_BYTES = 64L << 20;

    private final Path folder;

    public SampleSets(Path home) {
        this.folder = home.resolve("samples");
    }

    /** Writes what is to be written, once. */
    @FunctionalInterface
    private interface Writer {
        void writeTo(DataOutputStream out) throws IOException;
    }

    /** The folder of a data set that has a name; anything else as it is. */
    public static String located(String wanted) {
        if (!wanted.equals(FASHION_MNIST)) {
            return wanted;
        }
        if (!IdxFile.isIn(PACKAGED, IMAGES)) {
            throw new IllegalArgumentException("--data fashion-mnist is not installed here (" + PACKAGED
                    + "); Debian and Ubuntu: apt-get install dataset-fashion-mnist; allowed: a folder with its IDX files,"
                    + " random");
        }
        return PACKAGED.toString();
    }

    /** The samples of a source by the name the user gave, {@code random} by default; refuses what does not fit the model. */
    public Path find(Optional<String> name, TensorShape sample, int numClasses) {
        String wanted = name.orElse(Corpus.RANDOM);
        try {
            return wanted.equals(Corpus.RANDOM)
                    ? random(Math.toIntExact(sample.numElements()), numClasses)
                    : images(wanted, sample, numClasses);
        } catch (IOException unreadable) {
            throw new IllegalArgumentException(
                    "--data " + wanted + " cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    private Path random(int elements, int numClasses) throws IOException {
        int count = (int) Math.max(1, Math.min(RANDOM_SAMPLES, MOST_RANDOM_BYTES / elements));
        return written("random-" + elements + "-" + numClasses, out -> {
            header(out, count, elements);
            SplittableRandom random = new SplittableRandom(0);
            byte[] bytes = new byte[elements];
            for (int i = 0; i < count; i++) {
                out.writeByte(random.nextInt(numClasses));
                random.nextBytes(bytes);
                out.write(bytes);
            }
        });
    }

    private Path images(String wanted, TensorShape sample, int numClasses) throws IOException {
        Path source = Corpus.path(wanted);
        if (!IdxFile.isIn(source, IMAGES) || !IdxFile.isIn(source, LABELS)) {
            throw new IllegalArgumentException("--data " + wanted + " holds no " + IMAGES + " and " + LABELS
                    + " (.gz or not), as Fashion-MNIST has them; allowed: a folder that does, fashion-mnist, random");
        }
        return written(key(source, sample, numClasses), out -> copy(source, sample, numClasses, out));
    }

    /** Another file, or a changed one, has another key. */
    private static String key(Path source, TensorShape sample, int numClasses) throws IOException {
        StringBuilder text = new StringBuilder(sample + " " + numClasses);
        for (String name : new String[] {IMAGES, IMAGES + ".gz", LABELS, LABELS + ".gz"}) {
            Path file = source.resolve(name);
            if (Files.isRegularFile(file)) {
                text.append(' ')
                        .append(file.toRealPath())
                        .append(' ')
                        .append(Files.size(file))
                        .append(' ')
                        .append(Files.getLastModifiedTime(file).toMillis());
            }
        }
        return "idx-" + UUID.nameUUIDFromBytes(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static void copy(Path source, TensorShape sample, int numClasses, DataOutputStream out) throws IOException {
        try (IdxFile images = new IdxFile(source, IMAGES, 3);
                IdxFile labels = new IdxFile(source, LABELS, 1)) {
            int count = images.lengths().get(0);
            int elements = images.lengths().get(1) * images.lengths().get(2);
            if (labels.lengths().get(0) != count) {
                throw labels.damaged(4, labels.lengths().get(0) + " labels for " + count + " images");
            }
            if (elements != sample.numElements()) {
                throw images.damaged(
                        8,
                        "images of " + images.lengths().get(1) + " × "
                                + images.lengths().get(2) + "; the model takes samples of shape " + sample
                                + " (`%%shard model … --input`)");
            }
            header(out, count, elements);
            for (int i = 0; i < count; i++) {
                int label = labels.read(1)[0] & 0xFF;
                if (label >= numClasses) {
                    throw labels.damaged(
                            labels.offset() - 1, "label " + label + "; the model has " + numClasses + " classes");
                }
                out.writeByte(label);
                out.write(images.read(elements));
            }
            images.requireEnd();
            labels.requireEnd();
        }
    }

    private static void header(DataOutputStream out, int count, int elements) throws IOException {
        out.write(SampleFile.MAGIC);
        out.writeInt(count);
        out.writeInt(elements);
    }

    private Path written(String key, Writer writer) throws IOException {
        Path file = folder.resolve(key + ".bin");
        if (Files.isRegularFile(file)) {
            return file;
        }
        Files.createDirectories(folder);
        Path draft = Files.createTempFile(folder, ".draft-", ".bin");
        try {
            try (DataOutputStream out =
                    new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(draft), 1 << 16))) {
                writer.writeTo(out);
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return file;
        } finally {
            Files.deleteIfExists(draft);
        }
    }
}
