package io.shardlab.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.shardlab.mesh.Group;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedMemoryTransportTest {

    @TempDir
    Path folder;

    private List<Transport> ranks(Path where, int size, Duration timeout) throws IOException {
        List<Transport> ranks = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            ranks.add(SharedMemoryTransport.open(where, rank, size, WaitPolicy.forRanks(size, timeout, () -> {})));
        }
        return ranks;
    }

    @Test
    void noNameIsLeftWhenAGroupIsOpenAndNoMappingWhenItIsClosed() throws Exception {
        Crew.run(ranks(folder, 3, Duration.ofSeconds(30)), transport -> {
            Windows windows = transport.open(Group.world(3), Purpose.CONTROL);
            assertEquals(List.of(), files());
            windows.close();
        });
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            assertFalse(maps.anyMatch(line -> line.contains(folder.toString())));
        }
    }

    @Test
    void aRankThatDoesNotOpenIsNamedAndNoFileStays() throws Exception {
        List<Optional<Throwable>> outcomes = Crew.outcomes(ranks(folder, 3, Duration.ofMillis(1500)), transport -> {
            if (transport.rank() != 1) {
                transport.open(Group.world(3), Purpose.CONTROL);
            }
        });
        assertEquals(
                "rank 1 did not open group world within 1500 ms; ranks 0, 2 did",
                outcomes.get(0).orElseThrow().getMessage());
        assertTrue(outcomes.get(1).isEmpty() && outcomes.get(2).isPresent(), outcomes.toString());
        assertEquals(List.of(), files());
    }

    @Test
    void aGroupCanBeOpenedAfterAFailedAttempt() throws Exception {
        CountDownLatch failed = new CountDownLatch(1);
        Crew.run(ranks(folder, 2, Duration.ofMillis(700)), transport -> {
            if (transport.rank() == 0) {
                assertThrows(PeerTimeout.class, () -> transport.open(Group.world(2), Purpose.CONTROL));
                failed.countDown();
            }
            failed.await();
            openPatiently(transport).close();
        });
        assertEquals(List.of(), files());
    }

    private static Windows openPatiently(Transport transport) throws IOException {
        while (true) {
            try {
                return transport.open(Group.world(2), Purpose.CONTROL);
            } catch (PeerTimeout e) {
                // The other is still in its first attempt.
                continue;
            }
        }
    }

    @Test
    void aFileLeftByACrashedJobIsReplaced() throws Exception {
        Files.write(
                folder.resolve("world+0.1"),
                new byte[Layout.of(2, 2, Purpose.CONTROL).totalBytes()]);
        Transport second = ranks(folder, 2, Duration.ofSeconds(30)).get(1);
        List<Transport> both = List.of(ranks(folder, 2, Duration.ofSeconds(30)).get(0), second);
        Crew.run(both, transport -> {
            Windows windows = transport.open(Group.world(2), Purpose.CONTROL);
            windows.send(1 - transport.rank(), 1, ByteBuffer.allocate(8));
            windows.receive(1 - transport.rank(), 1, ByteBuffer.allocate(8));
        });
        assertEquals(List.of(), files());
    }

    @Test
    void filesAreForTheirUserOnly() throws Exception {
        SegmentStore store = new MappedFiles(folder);
        Segment segment = store.create("g", 8192);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("g"))));
        store.hide("g");
        store.release(segment);
    }

    @Test
    void aMissingFolderIsRefusedByName() {
        Path missing = folder.resolve("missing");
        IOException failure = assertThrows(IOException.class, () -> ranks(missing, 2, Duration.ofSeconds(1)));
        assertTrue(String.valueOf(failure.getMessage()).contains(missing.toString()), failure.toString());
    }

    @Test
    void aFolderThatVanishedGivesAnErrorThatNamesNeedAndPlace() throws Exception {
        Path gone = Files.createDirectory(folder.resolve("gone"));
        Transport first = ranks(gone, 2, Duration.ofSeconds(1)).get(0);
        Files.delete(gone);
        IOException failure = assertThrows(IOException.class, () -> first.open(Group.world(2), Purpose.COLLECTIVES));
        requireNeedAndPlace(failure, gone);
    }

    @Test
    void aFullFileSystemGivesAnErrorThatNamesNeedAndPlace() throws Exception {
        Path small = Files.createDirectory(folder.resolve("small"));
        assumeTrue(ran("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", small.toString()), "cannot mount a tmpfs");
        try {
            Transport first = ranks(small, 2, Duration.ofSeconds(1)).get(0);
            IOException failure =
                    assertThrows(IOException.class, () -> first.open(Group.world(2), Purpose.COLLECTIVES));
            requireNeedAndPlace(failure, small);
            try (Stream<Path> left = Files.list(small)) {
                assertEquals(0, left.count());
            }
        } finally {
            assertTrue(ran("umount", small.toString()));
        }
    }

    private static void requireNeedAndPlace(IOException failure, Path place) {
        String message = String.valueOf(failure.getMessage());
        assertTrue(
                message.contains("needs " + Layout.of(2, 2, Purpose.COLLECTIVES).totalBytes() + " bytes in " + place),
                message);
    }

    private static boolean ran(String... command) throws Exception {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            // No such program here.
            return false;
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
