package io.shardlab.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StatusPageTest {

    @TempDir
    Path folder;

    @Test
    void whatOneMappingWritesAnotherReads() throws IOException {
        Path file = folder.resolve("page");
        StatusPage kernel = StatusPage.create(file);
        assertEquals("starting", kernel.read().where());
        StatusPage worker = StatusPage.open(file);
        worker.enter("forward", "0F3", 7);
        worker.engine("PyTorch 2.7.1");
        worker.beat(5, 6);
        StatusPage.Note note = kernel.read();
        assertEquals(new StatusPage.Note("forward", "0F3", 7, 1, Optional.of("PyTorch 2.7.1"), 5, 6), note);
        assertEquals("forward, step 7", note.where());
        worker.enter("idle", "", -1);
        assertEquals("idle", kernel.read().where());
        Files.delete(file);
        assertEquals("idle", kernel.read().phase(), "the mapping outlives the name");
    }

    @Test
    void aPageIsPrivateAndTakesNoExistingFilesPlace() throws IOException {
        Path file = folder.resolve("page");
        StatusPage.create(file);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertThrows(FileAlreadyExistsException.class, () -> StatusPage.create(file));
        assertThrows(IOException.class, () -> StatusPage.open(Files.writeString(folder.resolve("short"), "x")));
    }

    @Test
    void longOrStrangeTextIsCutNotSpilled() {
        StatusPage page = StatusPage.inMemory();
        page.enter("p".repeat(1000), "a✓\n" + "b".repeat(1000), 3);
        StatusPage.Note note = page.read();
        assertEquals(31, note.phase().length());
        assertTrue(note.action().startsWith("a??b") && note.action().length() == 159, note::action);
        assertEquals(3, note.step());
    }

    @Test
    void aReaderSeesNoMixtureOfTwoNotes() throws InterruptedException {
        StatusPage page = StatusPage.inMemory();
        page.enter("0", "0", 0);
        Thread writer = new Thread(() -> {
            for (int i = 1; i <= 300_000; i++) {
                String text = Integer.toString(i);
                page.enter(text, text, i);
            }
        });
        writer.start();
        while (writer.isAlive()) {
            StatusPage.Note note = page.read();
            String text = Integer.toString(note.step());
            assertEquals(text, note.phase());
            assertEquals(text, note.action());
            assertEquals(note.step() + 1, note.operations());
        }
        writer.join();
    }
}
