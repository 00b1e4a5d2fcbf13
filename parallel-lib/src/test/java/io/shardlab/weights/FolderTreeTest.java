package io.shardlab.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderTreeTest {

    @TempDir
    Path folder;

    @Test
    void whatLinksLeadToStays() throws IOException {
        Path kept = Files.createDirectories(folder.resolve("kept"));
        Files.writeString(kept.resolve("file"), "text");
        Path doomed = Files.createDirectories(folder.resolve("doomed/inner"));
        Files.createSymbolicLink(doomed.resolve("to folder"), kept);
        Files.createSymbolicLink(doomed.resolve("to file"), kept.resolve("file"));
        Files.createSymbolicLink(doomed.resolve("to nothing"), folder.resolve("nothing"));

        new FolderTree(folder.resolve("doomed")).delete();

        assertFalse(Files.exists(folder.resolve("doomed"), LinkOption.NOFOLLOW_LINKS));
        assertEquals("text", Files.readString(kept.resolve("file")));
    }

    @Test
    void aLinkIsDeletedItself() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Files.createDirectory(folder.resolve("kept")));
        new FolderTree(link).delete();
        assertFalse(Files.exists(link, LinkOption.NOFOLLOW_LINKS));
        assertTrue(Files.exists(folder.resolve("kept")));
    }

    @Test
    void whatIsNotThereIsDeleted() throws IOException {
        new FolderTree(folder.resolve("nothing")).delete();
        assertFalse(Files.exists(folder.resolve("nothing")));
    }
}
