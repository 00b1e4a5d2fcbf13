package io.shardlab.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.shardlab.run.Event;
import io.shardlab.run.RankRunner;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.StatusPage;
import io.shardlab.run.StopSignal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The program of a worker JVM: reads signals on its first thread; another reads requests, computes and answers, so that a request
 * passes from thread to thread nowhere in the worker. It ends itself as soon as the kernel is gone.
 */
public final class WorkerMain {

    /** Names the class of an {@link ExecutorSource} with a constructor without parameters, to stand in for the product's. */
    static final String EXECUTOR_PROPERTY = "shardlab.worker.executor";

    /** Exit code of a worker whose kernel is gone. */
    static final int ORPHANED = 86;

    private static final int UNUSABLE = 87;
    private static final long BEAT_MILLIS = 500;
    private static final long POLITE_MILLIS = 150;

    private WorkerMain() {}

    public static void main(String[] args) {
        try {
            WorkerSettings settings = WorkerSettings.read(System.getenv());
            haltIfOrphaned(settings.parentPid());
            ignoreInterrupts();
            run(settings);
        } catch (IOException | InterruptedException | RuntimeException | ReflectiveOperationException e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(UNUSABLE);
        }
    }

    private static void run(WorkerSettings settings)
            throws IOException, InterruptedException, ReflectiveOperationException {
        CountedOutput printed = CountedOutput.of(FileDescriptor.out);
        CountedOutput errors = CountedOutput.of(FileDescriptor.err);
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
        StatusPage page = StatusPage.open(settings.page());
        startHeart(settings, page);
        ControlChannel requests = connect(settings, Message.Line.REQUESTS);
        ControlChannel signals = connect(settings, Message.Line.SIGNALS);
        StopSignal stop = new StopSignal();
        ComputeThread compute = new ComputeThread(
                settings.seat(),
                source(),
                stop,
                page,
                () -> nextRequest(requests),
                new Answers(requests, printed, errors));
        // Loads the JSON library while the other thread loads the engine.
        Message.decode(new Message.Ask(1, new Request.Memory(false)).encode());
        for (Optional<Message> next = signals.receive(); next.isPresent(); next = signals.receive()) {
            obey(next.get(), compute, stop, requests);
        }
        Runtime.getRuntime().halt(ORPHANED);
    }

    private static ControlChannel connect(WorkerSettings settings, Message.Line line) throws IOException {
        SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        socket.connect(UnixDomainSocketAddress.of(settings.socket()));
        ControlChannel channel =
                new ControlChannel(socket, "kernel", what -> System.err.println("control channel: " + what));
        channel.writeNow(new Message.Hello(
                        Message.PROTOCOL,
                        settings.nonce(),
                        settings.seat().rank(),
                        ProcessHandle.current().pid(),
                        line)
                .encode());
        return channel;
    }

    /** Empty at the end; a kernel that is gone is noticed by the thread that reads signals. */
    private static Optional<Message.Ask> nextRequest(ControlChannel requests) {
        for (Optional<Message> next = requests.receive(); next.isPresent(); next = requests.receive()) {
            if (next.get() instanceof Message.Ask ask) {
                return Optional.of(ask);
            }
            if (next.get() instanceof Message.Exit) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    private static void obey(Message message, ComputeThread compute, StopSignal stop, ControlChannel requests)
            throws InterruptedException {
        if (message instanceof Message.Cancel cancel) {
            compute.cancel(cancel.through());
        } else if (message instanceof Message.Release release) {
            compute.release(release.id());
        } else if (message instanceof Message.Abort abort) {
            stop.abort(abort.cause());
        } else if (message instanceof Message.Exit) {
            stop.abort("the workers are being stopped");
            compute.join(POLITE_MILLIS);
            requests.flush(POLITE_MILLIS / 3);
            Runtime.getRuntime().halt(0);
        }
    }

    private static ExecutorSource source() throws ReflectiveOperationException {
        String name = System.getProperty(EXECUTOR_PROPERTY, "");
        return name.isEmpty()
                ? RankRunner::open
                : Class.forName(name)
                        .asSubclass(ExecutorSource.class)
                        .getDeclaredConstructor()
                        .newInstance();
    }

    /** Shows that this process lives, and looks whether its kernel does, for hosts without a parent-death signal. */
    private static void startHeart(WorkerSettings settings, StatusPage page) {
        Runtime runtime = Runtime.getRuntime();
        var unused = Executors.newSingleThreadScheduledExecutor(body -> Daemon.of("shardlab-heart", body))
                .scheduleAtFixedRate(
                        () -> {
                            haltIfOrphaned(settings.parentPid());
                            page.beat(System.nanoTime(), runtime.totalMemory() - runtime.freeMemory());
                        },
                        0,
                        BEAT_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    private static void haltIfOrphaned(long parentPid) {
        long parent = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
        if (parent != parentPid) {
            Runtime.getRuntime().halt(ORPHANED);
        }
    }

    /** An interrupt from the terminal goes to the whole process group; the kernel says what it means for workers. */
    private static void ignoreInterrupts() {
        sun.misc.Signal.handle(new sun.misc.Signal("INT"), sun.misc.SignalHandler.SIG_IGN);
    }

    /** A stream that counts what went through; unbuffered, so that nothing printed is lost in a crash. */
    static final class CountedOutput extends OutputStream {

        private final FileOutputStream target;
        private volatile long count;

        private CountedOutput(FileOutputStream target) {
            this.target = target;
        }

        static CountedOutput of(FileDescriptor descriptor) {
            return new CountedOutput(new FileOutputStream(descriptor));
        }

        @Override
        public synchronized void write(int value) throws IOException {
            target.write(value);
            count++;
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
            target.write(bytes, offset, length);
            count += length;
        }

        long count() {
            return count;
        }
    }

    /** The way back to the kernel. */
    record Answers(ControlChannel control, CountedOutput printed, CountedOutput errors) implements ComputeThread.Mouth {

        @Override
        public void say(Event event) throws InterruptedException {
            control.put(new Message.Said(event));
        }

        @Override
        public void answer(long id, Reply reply) throws InterruptedException, JsonProcessingException {
            System.out.flush();
            System.err.flush();
            control.write(new Message.Answer(id, reply, printed.count(), errors.count()).encode());
        }
    }
}
