package io.shardlab.cluster;

import io.shardlab.cluster.WorkerFailure.Cause;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owns the life of a cluster, on one thread: what changes it is queued here. What ranks are asked and answer goes past that thread,
 * through {@link Calls}. The listener is called on the links' threads, one call at a time; the coordinator's own thread never waits
 * for it.
 */
final class Coordinator implements WorkerLink.Reports {

    /** Failures of several workers within this time count as one, so that the cause is found among them. */
    private static final long SETTLE_MILLIS = 30;

    /** How long the others have to end by themselves when one rank has failed, before they are asked to. */
    private static final long FOLLOW_MILLIS = 300;

    /** How long a rank has to stop after it was asked to. */
    static final long CANCEL_MILLIS = 5000;

    private static final long ABORT_MILLIS = 200;
    private static final long HANG_UP_MILLIS = 1000;

    private final ClusterSpec spec;
    private final OrderlyListener listener;
    private final List<WorkerLink> links = new CopyOnWriteArrayList<>();
    private final Calls calls;
    private final List<WorkerFailure> lost = new ArrayList<>();
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    private final ScheduledThreadPoolExecutor thread =
            new ScheduledThreadPoolExecutor(1, body -> Daemon.of("shardlab-cluster", body));
    private final ScheduledThreadPoolExecutor clock =
            new ScheduledThreadPoolExecutor(1, body -> Daemon.of("shardlab-output", body));
    private boolean ending;
    private volatile @Nullable ClusterFailure failure;

    Coordinator(ClusterSpec spec, Consumer<WorkerEvent> listener) {
        this.spec = spec;
        this.listener = new OrderlyListener(listener);
        this.calls = new Calls(spec.numWorkers(), links);
    }

    void launch(Launcher launcher) throws IOException {
        for (int rank = 0; rank < spec.numWorkers(); rank++) {
            links.add(new WorkerLink(rank, spec.devices().get(rank), launcher.launch(spec, rank), clock, this));
        }
    }

    CompletableFuture<Void> started() {
        return started;
    }

    List<WorkerLink> links() {
        return links;
    }

    Optional<ClusterFailure> failure() {
        return Optional.ofNullable(failure);
    }

    boolean busy(int rank) {
        return calls.busy(rank);
    }

    boolean closed() {
        return thread.isShutdown();
    }

    CompletableFuture<List<Reply>> submit(Request request) {
        PendingCall call = new PendingCall(request, spec.numWorkers());
        if (SteadyThread.isCurrent()) {
            calls.submit(call, request);
        } else if (!queue(() -> calls.submit(call, request))) {
            call.fail(stopped());
        }
        return call.future();
    }

    private static ClusterFailure stopped() {
        return new ClusterFailure("the workers are stopped; start them again to go on");
    }

    void cancel() {
        queue(() -> calls.cancel().ifPresent(through -> cancelThrough(through, true)));
    }

    /** @param interrupted whether the user wanted it, rather than a rank's failure */
    private void cancelThrough(long through, boolean interrupted) {
        byte[] encoded = Cluster.encode(new Message.Cancel(through));
        links.forEach(link -> link.signal(encoded));
        later(CANCEL_MILLIS, () -> calls.overdue(through).ifPresent(overdue -> giveUp(overdue, interrupted)));
    }

    /** Kills and names the ranks that have not answered; the one furthest behind is what the others wait for. */
    private void giveUp(Calls.Overdue overdue, boolean interrupted) {
        String why = why(overdue, interrupted);
        links.stream()
                .filter(link -> overdue.ranks().contains(link.rank()))
                .sorted(Comparator.comparingLong(
                        link -> link.worker().page().read().operations()))
                .forEach(link -> {
                    String state = link.isStopped() ? "it was stopped by a signal (SIGSTOP) and " : "it ";
                    lose(link, Cause.UNRESPONSIVE, "killed because " + state + why);
                    link.worker().kill();
                });
    }

    /** Whoever asks next must not take the blame for what was interrupted before. */
    private static String why(Calls.Overdue overdue, boolean interrupted) {
        long seconds = CANCEL_MILLIS / 1000;
        return interrupted && overdue.reason().isEmpty()
                ? "was still busy with " + overdue.what() + " that was interrupted " + seconds + " s before"
                : "did not answer within " + seconds + " s" + overdue.reason();
    }

    void kill(String why) {
        queue(() -> failAll(Cause.ENDED_BY_USER, why));
    }

    private void failAll(Cause cause, String what) {
        for (WorkerLink link : links) {
            lose(link, cause, what);
            link.worker().kill();
        }
    }

    /** Asks all workers to end themselves; from now on an end is no failure. */
    void end() {
        byte[] exit = Cluster.encode(new Message.Exit());
        boolean queued = queue(() -> {
            ending = true;
            ClusterFailure why = failure;
            calls.close(
                    why != null ? why : new ClusterFailure("the workers were stopped before they had answered"),
                    why != null ? why : stopped());
            for (WorkerLink link : links) {
                if (link.greeted()) {
                    link.end(exit);
                } else {
                    link.worker().kill();
                }
            }
        });
        if (!queued) {
            links.forEach(link -> link.worker().kill());
        }
    }

    void close() {
        links.forEach(WorkerLink::close);
        thread.shutdown();
        clock.shutdown();
    }

    // What links report, on their threads.

    @Override
    public void greeted(WorkerLink link) {
        listener.tell(new WorkerEvent.Started(link.rank(), link.device(), link.pid(), link.readyMillis()));
        queue(() -> {
            if (links.size() == spec.numWorkers() && links.stream().allMatch(WorkerLink::greeted)) {
                started.complete(null);
            }
        });
    }

    @Override
    public void said(WorkerLink link, Event event) {
        listener.tell(new WorkerEvent.Said(link.rank(), event));
        if (event instanceof Event.Failing) {
            queue(() -> calls.first().ifPresent(this::release));
        }
    }

    @Override
    public void printed(WorkerLink link, boolean error, String text) {
        listener.tell(new WorkerEvent.Printed(link.rank(), error, text));
    }

    @Override
    public void complained(WorkerLink link, String what) {
        warn("rank " + link.rank() + ": " + what);
    }

    @Override
    public void answered(WorkerLink link, long id, Reply reply) {
        listener.tell(new WorkerEvent.Answered(link.rank(), reply));
        switch (calls.answered(link.rank(), id, reply)) {
            case CANCEL -> later(FOLLOW_MILLIS, () -> release(id));
            case RELEASE -> later(FOLLOW_MILLIS, () -> releaseWaits(id));
            case NOTHING -> {}
        }
    }

    /** A cell that has failed on one rank may be worth finishing on others, but not waiting for that rank. */
    private void releaseWaits(long id) {
        if (calls.unanswered(id)) {
            byte[] encoded = Cluster.encode(new Message.Release(id));
            links.forEach(link -> link.signal(encoded));
        }
    }

    /** The others may wait for a rank that has failed and will never come. */
    private void release(long id) {
        calls.cancel(id).ifPresent(through -> cancelThrough(through, false));
    }

    @Override
    public void broken(WorkerLink link, String why) {
        later(HANG_UP_MILLIS, () -> {
            if (!ending && link.worker().alive()) {
                lose(link, Cause.PROTOCOL, why);
                link.worker().kill();
            }
        });
    }

    @Override
    public void exited(WorkerLink link, int exitCode) {
        queue(() -> {
            if (ending || failure != null || lost.stream().anyMatch(known -> known.rank() == link.rank())) {
                return;
            }
            lose(link, Cluster.describe(link, link.diagnose(exitCode, spec), exitCode));
        });
    }

    private void lose(WorkerLink link, Cause cause, String what) {
        lose(link, Cluster.describe(link, new Diagnosis(cause, what, Optional.empty(), Optional.empty()), -1));
    }

    private void lose(WorkerLink link, WorkerFailure named) {
        if (ending || failure != null || lost.stream().anyMatch(known -> known.rank() == link.rank())) {
            return;
        }
        link.giveUp(named.summary());
        lost.add(named);
        if (lost.size() == 1) {
            later(SETTLE_MILLIS, this::settle);
        }
    }

    /** Ends the cluster: names the cause, frees the ranks that wait, then whoever waits for them. */
    private void settle() {
        if (ending) {
            return;
        }
        // A stable sort: among equals the first one seen is the cause.
        lost.sort(Comparator.comparing(WorkerFailure::cause));
        ClusterFailure named = new ClusterFailure(lost);
        failure = named;
        List<WorkerFailure> told = List.copyOf(lost);
        byte[] abort = Cluster.encode(new Message.Abort(told.get(0).summary()));
        List<WorkerLink> others = links.stream()
                .filter(link -> told.stream().noneMatch(dead -> dead.rank() == link.rank()))
                .toList();
        for (WorkerLink link : others) {
            link.signal(abort);
            link.giveUp("stopped because " + told.get(0).summary());
        }
        calls.close(named, named);
        started.completeExceptionally(named);
        Daemon.start("shardlab-tell", () -> told.forEach(dead -> listener.tell(new WorkerEvent.Died(dead))));
        later(ABORT_MILLIS, () -> others.forEach(link -> link.worker().kill()));
    }

    void warn(String text) {
        listener.tell(new WorkerEvent.Warned(text));
    }

    /** An executor would keep an exception to itself. */
    private Runnable guarded(Runnable change) {
        return () -> {
            try {
                change.run();
            } catch (RuntimeException e) {
                System.getLogger(Cluster.class.getName()).log(System.Logger.Level.ERROR, "in the coordinator", e);
            }
        };
    }

    private boolean queue(Runnable change) {
        try {
            thread.execute(guarded(change));
            return true;
        } catch (RejectedExecutionException closed) {
            return false;
        }
    }

    private void later(long millis, Runnable change) {
        try {
            thread.schedule(guarded(change), millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException closed) {
            return; // Nothing is left to change.
        }
    }
}
