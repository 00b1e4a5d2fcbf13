package io.shardlab.cluster;

import io.shardlab.cluster.Launcher.LaunchedWorker;
import io.shardlab.mesh.Device;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The kernel's end of one worker: its threads for control and output, and what is known about it. */
final class WorkerLink {

    /** What a link reports, on threads of its own. */
    interface Reports {

        void greeted(WorkerLink link);

        void said(WorkerLink link, Event event);

        /** Comes after everything that the worker printed before it answered. */
        void answered(WorkerLink link, long id, Reply reply);

        void printed(WorkerLink link, boolean error, String text);

        void exited(WorkerLink link, int exitCode);

        /** The worker sent what it should not have, or hung up. */
        void broken(WorkerLink link, String why);

        void complained(WorkerLink link, String what);
    }

    /** What a socket of a worker that has read everything takes without waiting; Linux gives it 208 KiB. */
    private static final int AT_ONCE_BYTES = 16 << 10;

    /** Enough for what a JVM says at its end between what other threads print. */
    private static final int DIAGNOSTIC_LINES = 100;

    private final int rank;
    private final Device device;
    private final LaunchedWorker worker;
    private final Reports reports;
    private final long launchedNanos = System.nanoTime();
    private final long memoryKillsBefore;
    private final OutputTail printed = new OutputTail();
    private final OutputTail errors = new OutputTail();
    private final OutputPump printedPump;
    private final OutputPump errorPump;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private volatile @Nullable ControlChannel requests;
    private volatile @Nullable ControlChannel signals;
    private volatile long readyMillis = -1;
    private volatile @Nullable String lastError;
    private volatile boolean lost;

    WorkerLink(int rank, Device device, LaunchedWorker worker, ScheduledExecutorService clock, Reports reports) {
        this.rank = rank;
        this.device = device;
        this.worker = worker;
        this.reports = reports;
        this.memoryKillsBefore = worker.memoryKills();
        this.printedPump = new OutputPump("out-" + rank, worker.output(), clock, text -> {
            printed.append(text);
            reports.printed(this, false, text);
        });
        this.errorPump = new OutputPump("err-" + rank, worker.errors(), clock, text -> {
            errors.append(text);
            reports.printed(this, true, text);
        });
        Daemon.start("shardlab-wait-" + rank, this::awaitExit);
        Daemon.start("shardlab-read-" + rank, this::readAll);
    }

    private void awaitExit() {
        try {
            int code = worker.waitFor();
            worker.closeAddress();
            // What it printed last belongs to the diagnosis; a heir of its pipes may keep them open for ever.
            ended().completeOnTimeout(null, 300, TimeUnit.MILLISECONDS).join();
            exit.complete(code);
            reports.exited(this, code);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void readAll() {
        ControlChannel channel;
        try {
            Map<Message.Line, ControlChannel> lines = new EnumMap<>(Message.Line.class);
            while (lines.size() < Message.Line.values().length) {
                greet(lines);
            }
            channel = orMissing(lines.get(Message.Line.REQUESTS));
            signals = lines.get(Message.Line.SIGNALS);
        } catch (IOException addressClosed) {
            return; // The worker has ended before it spoke; its exit is reported.
        }
        requests = channel;
        readyMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - launchedNanos);
        reports.greeted(this);
        for (Optional<Message> next = channel.receive(); next.isPresent(); next = channel.receive()) {
            take(next.get());
        }
        reports.broken(this, "hung up its control channel");
    }

    /** Lets in the one who knows the nonce. */
    private void greet(Map<Message.Line, ControlChannel> lines) throws IOException {
        ByteChannel stranger = worker.accept();
        ControlChannel channel =
                new ControlChannel(stranger, Integer.toString(rank), what -> reports.complained(this, what));
        Optional<Message> first = channel.receive();
        if (first.isPresent() && first.get() instanceof Message.Hello hello && known(hello)) {
            if (hello.protocol() == Message.PROTOCOL && lines.putIfAbsent(hello.line(), channel) == null) {
                return;
            }
            if (hello.protocol() != Message.PROTOCOL) {
                reports.broken(this, "speaks protocol " + hello.protocol() + ", expected " + Message.PROTOCOL);
            }
        }
        reports.complained(this, "a connection without a proper hello was refused");
        channel.close();
    }

    private static ControlChannel orMissing(@Nullable ControlChannel line) {
        if (line == null) {
            throw new IllegalStateException("a worker was let in without its lines");
        }
        return line;
    }

    private boolean known(Message.Hello hello) {
        byte[] said = hello.nonce().getBytes(StandardCharsets.UTF_8);
        return hello.rank() == rank
                && MessageDigest.isEqual(said, worker.nonce().getBytes(StandardCharsets.UTF_8));
    }

    private void take(Message message) {
        if (message instanceof Message.Said said) {
            reports.said(this, said.event());
        } else if (message instanceof Message.Answer answer) {
            if (answer.reply() instanceof Reply.Failed failed) {
                lastError = failed.type() + ": " + failed.message();
            }
            if (printedPump.hasPassed(answer.printedBytes()) && errorPump.hasPassed(answer.errorBytes())) {
                answered(answer);
            } else {
                CompletableFuture.allOf(
                                printedPump.passed(answer.printedBytes()), errorPump.passed(answer.errorBytes()))
                        .thenRun(() -> answered(answer));
            }
        } else {
            reports.complained(this, "unexpected message " + message.getClass().getSimpleName());
        }
    }

    private void answered(Message.Answer answer) {
        printed.mark(); // What was printed until here explains nothing that happens later.
        errors.mark();
        reports.answered(this, answer.id(), answer.reply());
    }

    /**
     * Sends an encoded request; a worker that has not read thousands of them is given up. Called by threads that nobody interrupts.
     *
     * @param onlyOne whether the worker has answered all before it, and so has an empty line that takes it at once
     */
    void ask(byte[] encoded, boolean onlyOne) {
        ControlChannel line = requests;
        if (line != null && !(onlyOne && encoded.length <= AT_ONCE_BYTES && line.writeNow(encoded))) {
            queue(line, encoded);
        }
    }

    /** Queues an encoded message that the worker is to hear while it computes. */
    void signal(byte[] encoded) {
        ControlChannel line = signals;
        if (line != null) {
            queue(line, encoded);
        }
    }

    /** Asks the worker to end itself. */
    void end(byte[] exit) {
        signal(exit);
        ControlChannel line = requests;
        if (line != null) {
            queue(line, exit);
        }
    }

    private void queue(ControlChannel line, byte[] encoded) {
        if (!line.offer(encoded)) {
            reports.broken(this, "does not read its control channel");
        }
    }

    int rank() {
        return rank;
    }

    Device device() {
        return device;
    }

    long pid() {
        return worker.pid();
    }

    long readyMillis() {
        return readyMillis;
    }

    /** Whether a signal has halted the worker for the time being. */
    boolean isStopped() {
        return worker.use().stopped();
    }

    boolean greeted() {
        return readyMillis >= 0;
    }

    LaunchedWorker worker() {
        return worker;
    }

    /** Ends with the worker, with its exit code. */
    CompletableFuture<Integer> exit() {
        return exit;
    }

    OutputTail printed() {
        return printed;
    }

    OutputTail errors() {
        return errors;
    }

    /** Remembers why this worker is of no more use: it counts as dead, though its process may live for a moment. */
    void giveUp(String error) {
        lastError = error;
        lost = true;
    }

    Diagnosis diagnose(int exitCode, ClusterSpec spec) {
        return Diagnosis.of(
                exitCode,
                worker.crashLog(),
                printed.recent(DIAGNOSTIC_LINES),
                worker.memoryKills() - memoryKillsBefore,
                spec);
    }

    WorkerStatus status(boolean busy, Optional<Long> limitBytes) {
        ProcessUse use = worker.use();
        WorkerStatus.State state;
        if (lost || !worker.alive()) {
            state = WorkerStatus.State.DEAD;
        } else if (use.stopped()) {
            state = WorkerStatus.State.STOPPED;
        } else if (!greeted()) {
            state = WorkerStatus.State.STARTING;
        } else {
            state = busy ? WorkerStatus.State.BUSY : WorkerStatus.State.READY;
        }
        return new WorkerStatus(
                rank,
                pid(),
                device,
                state,
                worker.page().read(),
                use.rssBytes(),
                use.peakRssBytes(),
                limitBytes,
                Optional.ofNullable(lastError),
                readyMillis);
    }

    private CompletableFuture<Void> ended() {
        return CompletableFuture.allOf(printedPump.ended(), errorPump.ended());
    }

    /** Frees the channel and the address. */
    void close() {
        for (ControlChannel line : new @Nullable ControlChannel[] {requests, signals}) {
            if (line != null) {
                line.close();
            }
        }
        worker.closeAddress();
    }
}
