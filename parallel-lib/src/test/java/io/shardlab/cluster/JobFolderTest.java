package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobFolderTest {

    @TempDir
    Path root;

    private final List<String> warnings = new ArrayList<>();
    private Path home = Path.of("");
    private Path shared = Path.of("");
    private Path temporary = Path.of("");

    @BeforeEach
    void makeFolders() throws IOException {
        home = root.resolve("home");
        shared = Files.createDirectory(root.resolve("shm"));
        temporary = Files.createDirectory(root.resolve("tmp"));
    }

    private JobFolder create() throws IOException {
        return JobFolder.create(new JobFolder.Places(home, temporary, List.of(shared, temporary)), warnings::add);
    }

    @Test
    void bothFoldersArePrivateAndGoAway() throws IOException {
        JobFolder folder = create();
        for (Path path : List.of(folder.folder(), folder.shared(), home.resolve("jobs"))) {
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        }
        Files.writeString(folder.shared().resolve("left"), "x");
        folder.close();
        assertFalse(Files.exists(folder.folder()));
        assertFalse(Files.exists(folder.shared()));
        assertEquals(List.of(), warnings);
    }

    @Test
    void foldersOfDeadOwnersAreSweptAndThoseOfLivingOnesKept() throws IOException {
        JobFolder living = create();
        JobFolder dead = create();
        FolderOwner here = FolderOwner.here();
        FolderOwner gone = new FolderOwner(here.pid(), here.startTicks() - 1, here.space());
        gone.write(dead.folder());
        gone.write(dead.shared());
        JobFolder next = create();
        assertFalse(Files.exists(dead.folder()) || Files.exists(dead.shared()));
        assertTrue(Files.exists(living.folder()) && Files.exists(living.shared()));
        assertTrue(warnings.get(0).contains(dead.folder().toString()), () -> warnings.get(0));
        living.close();
        next.close();
    }

    @Test
    void sweepingFollowsNoLinks() throws IOException {
        Path precious = Files.createDirectory(root.resolve("precious"));
        Files.writeString(precious.resolve("file"), "x");
        JobFolder dead = create();
        FolderOwner here = FolderOwner.here();
        new FolderOwner(here.pid(), here.startTicks() - 1, here.space()).write(dead.shared());
        Files.createSymbolicLink(dead.shared().resolve("link"), precious);
        Files.createSymbolicLink(shared.resolve("shardlab-link"), precious);
        create().close();
        assertFalse(Files.exists(dead.shared()));
        assertTrue(Files.exists(precious.resolve("file")));
    }

    @Test
    void anOwnerOfAnotherNameSpaceIsLeftAlone() throws IOException {
        JobFolder other = create();
        new FolderOwner(1 << 22, 1, "pid:[1]").write(other.shared());
        create().close();
        assertTrue(Files.exists(other.shared()));
    }

    @Test
    void aFileWhereTheFolderShouldBeIsRefusedByName() throws IOException {
        Files.createDirectories(home);
        Path jobs = Files.writeString(home.resolve("jobs"), "mine");
        IOException refused = assertThrows(IOException.class, this::create);
        assertTrue(String.valueOf(refused.getMessage()).startsWith(jobs + " is no folder (owner "), refused::toString);
        assertEquals("mine", Files.readString(jobs));
    }

    @Test
    void aLinkWhereTheFolderShouldBeIsRefused() throws IOException {
        Path elsewhere = Files.createDirectory(root.resolve("elsewhere"));
        Files.createDirectories(home);
        Files.createSymbolicLink(home.resolve("jobs"), elsewhere);
        assertThrows(IOException.class, this::create);
        assertEquals(List.of(), ClusterLifeTest.contents(elsewhere));
    }

    @Test
    void aPathTooLongForASocketMovesToTheTemporaryFolder() throws IOException {
        Path longHome = home.resolve("h".repeat(100));
        Path near = Path.of("/tmp");
        try (JobFolder folder =
                JobFolder.create(new JobFolder.Places(longHome, near, List.of(shared)), warnings::add)) {
            assertEquals(near, folder.folder().getParent());
        }
    }

    @Test
    void missingOrUnusableSharedMemoryFallsBackWithOneWarning() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "");
        List<Path> places = List.of(root.resolve("missing"), file, temporary);
        try (JobFolder folder = JobFolder.create(new JobFolder.Places(home, temporary, places), warnings::add)) {
            assertEquals(temporary, folder.shared().getParent());
        }
        assertEquals(1, warnings.size());
        assertTrue(warnings.get(0).contains("missing"), () -> warnings.get(0));
    }
}
