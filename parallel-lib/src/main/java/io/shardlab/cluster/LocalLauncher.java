package io.shardlab.cluster;

import io.shardlab.mesh.Device;
import io.shardlab.run.Seat;
import io.shardlab.run.StatusPage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * Starts workers on this host, all from one thread that lives as long as the launcher: the parent-death signal of Linux follows
 * the thread that launched, not its process. Workers stay in the kernel's process group, which Jupyter signals as a whole.
 */
final class LocalLauncher implements Launcher {

    private final JobFolder folder;
    private final Path crashes;
    private final WorkerCommand command;
    private final List<Gpu> gpus;
    private final Consumer<String> warnings;
    private final Optional<LastWatch> watch;
    private final OomKills memoryKills = OomKills.here();
    private final ExecutorService thread = Executors.newFixedThreadPool(1, body -> Daemon.of("shardlab-launch", body));

    LocalLauncher(Path home, WorkerCommand command, List<Gpu> gpus, Consumer<String> warnings) throws IOException {
        this(JobFolder.Places.of(home, System.getenv()), command, gpus, warnings);
    }

    LocalLauncher(JobFolder.Places places, WorkerCommand command, List<Gpu> gpus, Consumer<String> warnings)
            throws IOException {
        this.folder = JobFolder.create(places, warnings);
        this.crashes = places.home().resolve("crashes");
        this.command = command;
        this.gpus = gpus;
        this.warnings = warnings;
        this.watch = watch();
    }

    private Optional<LastWatch> watch() {
        try {
            return Optional.of(LastWatch.over(folder, System.getenv()));
        } catch (IOException e) {
            unwatched(e);
            return Optional.empty();
        }
    }

    private void unwatched(IOException e) {
        warnings.accept("If this kernel is killed, " + folder.shared() + " and " + folder.folder()
                + " stay until workers are started again: " + e);
    }

    @Override
    public LaunchedWorker launch(ClusterSpec spec, int rank) throws IOException {
        byte[] secret = new byte[16];
        new SecureRandom().nextBytes(secret);
        Path socket = folder.folder().resolve("rank-" + rank + ".socket");
        Path pageFile = folder.shared().resolve("rank-" + rank + ".status");
        Path crashLog = folder.folder().resolve("rank-" + rank + ".hs_err.log");
        StatusPage page = StatusPage.create(pageFile);
        Device device = spec.devices().get(rank);
        Seat seat = new Seat(
                rank,
                spec.numWorkers(),
                device,
                spec.threads(),
                folder.folder(),
                folder.shared(),
                spec.timeout(),
                spec.link());
        WorkerSettings settings = new WorkerSettings(
                seat,
                socket,
                pageFile,
                HexFormat.of().formatHex(secret),
                ProcessHandle.current().pid());
        ProcessBuilder builder = new ProcessBuilder(command.arguments(spec, crashLog));
        command.fill(builder.environment(), spec, device, gpus);
        settings.write(builder.environment());
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(socket));
            Process process = start(builder);
            watch.ifPresent(watching -> tell(watching, process.pid()));
            return new LocalWorker(process, server, settings.nonce(), page, crashLog);
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private void tell(LastWatch watching, long pid) {
        try {
            watching.hearOf(pid);
        } catch (IOException e) {
            unwatched(e);
        }
    }

    private Process start(ProcessBuilder builder) throws IOException {
        try {
            return thread.submit(builder::start).get();
        } catch (ExecutionException e) {
            throw new IOException("cannot start a worker: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while starting a worker", e);
        }
    }

    /** Where this launcher keeps its files. */
    JobFolder folder() {
        return folder;
    }

    @Override
    public void close() throws IOException {
        try {
            folder.close();
        } finally {
            thread.shutdown();
            if (watch.isPresent()) {
                watch.get().close();
            }
        }
    }

    private final class LocalWorker implements LaunchedWorker {

        private final Process process;
        private final ServerSocketChannel server;
        private final String nonce;
        private final StatusPage page;
        private final Path crashLog;

        LocalWorker(Process process, ServerSocketChannel server, String nonce, StatusPage page, Path crashLog) {
            this.process = process;
            this.server = server;
            this.nonce = nonce;
            this.page = page;
            this.crashLog = crashLog;
        }

        @Override
        public long pid() {
            return process.pid();
        }

        @Override
        public InputStream output() {
            return process.getInputStream();
        }

        @Override
        public InputStream errors() {
            return process.getErrorStream();
        }

        @Override
        public ByteChannel accept() throws IOException {
            return server.accept();
        }

        @Override
        public String nonce() {
            return nonce;
        }

        @Override
        public StatusPage page() {
            return page;
        }

        @Override
        public ProcessUse use() {
            return process.isAlive() ? ProcessUse.of(process.pid()) : ProcessUse.UNKNOWN;
        }

        @Override
        public int waitFor() throws InterruptedException {
            return process.waitFor();
        }

        @Override
        public boolean alive() {
            return process.isAlive();
        }

        @Override
        public void kill() {
            process.destroyForcibly();
        }

        @Override
        public Optional<Path> crashLog() {
            if (!Files.exists(crashLog)) {
                return Optional.empty();
            }
            try {
                Files.createDirectories(crashes);
                Path kept = crashes.resolve(folder.folder().getFileName() + "-" + crashLog.getFileName());
                return Optional.of(Files.move(crashLog, kept, StandardCopyOption.REPLACE_EXISTING));
            } catch (IOException unmovable) {
                return Optional.of(crashLog);
            }
        }

        @Override
        public long memoryKills() {
            return memoryKills.count();
        }

        @Override
        public void closeAddress() {
            try {
                server.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
