package io.shardlab.weights;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why a file could not be read or written; the JDK's own message is often no more than its path. */
public record FileFailure(IOException cause) {

    /** In words, with the file where it is known. */
    public String reason() {
        if (cause instanceof NoSuchFileException missing) {
            return missing.getFile() + " is missing";
        }
        if (cause instanceof FileAlreadyExistsException other) {
            return other.getFile() + " is there and is no folder";
        }
        if (cause instanceof NotDirectoryException other) {
            return other.getFile() + " is not a folder";
        }
        if (cause instanceof AccessDeniedException closed) {
            return closed.getFile() + ": permission denied";
        }
        return cause instanceof FileSystemException || cause.getMessage() != null
                ? String.valueOf(cause.getMessage())
                : cause.toString();
    }
}
