package io.shardlab.weights;

import java.nio.file.Path;

/** A weight file breaks the format's rules. The message holds file, place and reason. */
public final class DamagedFileException extends RuntimeException {
    DamagedFileException(Path file, String reason) {
        super(file + ": " + reason);
    }
}
