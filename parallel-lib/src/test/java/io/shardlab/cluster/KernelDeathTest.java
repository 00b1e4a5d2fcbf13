package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.run.Event;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelDeathTest {

    private static final Duration PROMISE = Duration.ofSeconds(1);
    private static final Duration SWEPT = Duration.ofSeconds(10);

    @TempDir
    Path home;

    /** A stand-in for a notebook kernel: starts workers, sets them to work, says their process numbers, waits for its end. */
    static final class Kernel {
        public static void main(String[] args) throws Exception {
            CountDownLatch holding = new CountDownLatch(2);
            Cluster cluster = Cluster.start(
                    Trial.spec(2),
                    Path.of(args[0]),
                    event -> {
                        if (event instanceof WorkerEvent.Said said && said.event() instanceof Event.Progress) {
                            holding.countDown();
                        }
                    },
                    Trial.command());
            var unused = cluster.submit(ScriptedRank.script("*:hold forward 1"));
            holding.await();
            System.out.println(cluster.status().stream()
                    .map(status -> Long.toString(status.pid()))
                    .collect(Collectors.joining(" ")));
            new CountDownLatch(1).await();
        }
    }

    private static final class RunningKernel implements AutoCloseable {
        private final Process process;
        private final List<Long> workers;
        private final List<Path> folders;

        RunningKernel(Path home) throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx64m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Kernel.class.getName(),
                            home.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BufferedReader said = process.inputReader(StandardCharsets.UTF_8);
            workers = Arrays.stream(said.readLine().split(" "))
                    .map(Long::parseLong)
                    .toList();
            folders = new ArrayList<>(ClusterLifeTest.contents(home.resolve("jobs")));
            String name = folders.get(0).getFileName().toString();
            folders.add(Path.of("/dev/shm", JobFolder.PREFIX + name));
            assertTrue(folders.stream().allMatch(Files::isDirectory), folders::toString);
        }

        void awaitNoFolders() {
            Trial.awaitTrue("no folder is left", SWEPT, () -> folders.stream().noneMatch(Files::exists));
        }

        /** The process that removes the folders. */
        ProcessHandle watch() {
            return process.children()
                    .filter(child -> !workers.contains(child.pid()))
                    .findFirst()
                    .orElseThrow();
        }

        void awaitNoWorkers() {
            // Not ProcessHandle: for it a process that its new parent has not yet waited for still lives.
            Trial.awaitTrue("no worker lives", PROMISE, () -> workers.stream()
                    .allMatch(pid -> ProcessUse.startTicks(pid).isEmpty()));
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    @Test
    void aKilledKernelLeavesNoWorkerNotEvenAStoppedOneAndNoFile() throws Exception {
        try (RunningKernel kernel = new RunningKernel(home)) {
            assertEquals(2, kernel.workers.size());
            Trial.signal("STOP", kernel.workers.get(0));
            Trial.awaitTrue(
                    "one is stopped",
                    Duration.ofSeconds(5),
                    () -> ProcessUse.of(kernel.workers.get(0)).state() == 'T');
            kernel.process.destroyForcibly().waitFor();
            kernel.awaitNoWorkers();
            kernel.awaitNoFolders();
        }
    }

    /** Jupyter interrupts and kills the whole group of a kernel; that is not done here, where a mistake would hit more. */
    @Test
    void whatRemovesTheFilesIsNoMemberOfTheKernelsGroupAndHearsNoRequestToEnd() throws Exception {
        try (RunningKernel kernel = new RunningKernel(home)) {
            long watch = kernel.watch().pid();
            assertEquals(watch, processGroup(watch));
            assertEquals(processGroup(kernel.process.pid()), processGroup(kernel.workers.get(0)));
            Trial.signal("INT", watch);
            Trial.signal("TERM", watch);
            kernel.process.destroyForcibly().waitFor();
            kernel.awaitNoWorkers();
            kernel.awaitNoFolders();
            Trial.awaitTrue("the watch has ended", SWEPT, () -> ProcessUse.startTicks(watch)
                    .isEmpty());
        }
    }

    private static long processGroup(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[2]);
    }

    @Test
    void theNextStartSweepsWhatNobodyCouldRemove() throws Exception {
        List<Path> left;
        try (RunningKernel kernel = new RunningKernel(home)) {
            ProcessHandle watch = kernel.watch();
            watch.destroyForcibly();
            Trial.awaitTrue("the watch has ended", SWEPT, () -> !watch.isAlive());
            kernel.process.destroyForcibly().waitFor();
            kernel.awaitNoWorkers();
            left = ClusterLifeTest.contents(home.resolve("jobs"));
        }
        assertEquals(1, left.size());
        try (Trial next = Trial.start(home, 1)) {
            assertFalse(ClusterLifeTest.contents(home.resolve("jobs")).contains(left.get(0)));
            assertTrue(next.events().stream()
                    .anyMatch(event -> event instanceof WorkerEvent.Warned warned
                            && warned.text().startsWith("Removed what dead sessions had left: /")
                            && warned.text().contains(left.get(0).toString())));
        }
    }

    @Test
    void aTerminatedKernelEndsItsWorkersAndRemovesItsFolders() throws Exception {
        try (RunningKernel kernel = new RunningKernel(home)) {
            kernel.process.destroy();
            Trial.awaitTrue("the kernel has ended", Duration.ofMillis(2500), () -> !kernel.process.isAlive());
            kernel.awaitNoWorkers();
        }
        assertEquals(List.of(), ClusterLifeTest.contents(home.resolve("jobs")));
    }
}
