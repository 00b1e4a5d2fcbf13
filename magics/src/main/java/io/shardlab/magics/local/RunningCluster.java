package io.shardlab.magics.local;

import io.shardlab.cluster.Cluster;
import io.shardlab.cluster.ClusterFailure;
import io.shardlab.cluster.ClusterSpec;
import io.shardlab.cluster.WorkerEvent;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.magics.backend.Failure;
import io.shardlab.magics.backend.Turns;
import io.shardlab.mesh.Link;
import io.shardlab.mesh.Mesh;
import io.shardlab.mesh.Selection;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The worker JVMs that run now, if any, and what lives no longer than they do: the model on them, their rates and their cells.
 *
 * <p>One thread at a time asks, and holds the {@linkplain Turns turn} while it does. {@link #cancel}, {@link #kill}, {@link #take}
 * and whatever only looks may be called from others meanwhile.
 */
final class RunningCluster {

    private volatile @Nullable Cluster cluster;
    private final Turns turns = new Turns();

    private volatile @Nullable LocalCells cells;
    private final PlacedModel placed = new PlacedModel();
    private final Rates rates = new Rates();

    /** Starts workers; what one says meanwhile goes to {@code hearing}. */
    void start(ClusterSpec spec, Path home, Consumer<WorkerEvent> hearing) {
        try (Turns.Turn turn = turns.take("up")) {
            Consumer<WorkerEvent> before = turn.listen(hearing);
            Cluster started = Cluster.start(spec, home, turns::hear);
            turn.listen(before);
            cluster = started;
        } catch (ClusterFailure failure) {
            throw failed(failure);
        } catch (IOException e) {
            throw new IllegalStateException("workers could not be started: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("workers were not started: interrupted", e);
        }
    }

    /** Forgets the cluster, which the caller stops, and all that lived with it. */
    Optional<Cluster> take() {
        Optional<Cluster> before = known();
        cluster = null;
        placed.clear();
        closeCells();
        rates.forget();
        return before;
    }

    Optional<Cluster> known() {
        return Optional.ofNullable(cluster);
    }

    Cluster current() {
        Cluster known = cluster;
        if (known == null) {
            throw new IllegalStateException("no workers; `%shard up` starts some");
        }
        return known;
    }

    PlacedModel placed() {
        return placed;
    }

    Rates rates() {
        return rates;
    }

    /** The mesh of what is placed, or was until workers died. */
    private Optional<Mesh> mesh() {
        return placed.recipe().map(recipe -> recipe.plan().mesh());
    }

    /** The ranks that a selection means: by their roles where the placed plan has one for each worker. */
    List<Integer> ranks(Selection selection) {
        int numRanks = current().numRanks();
        return selection.ranks(mesh().filter(known -> known.size() == numRanks).orElse(new Mesh(1, 1, numRanks)));
    }

    /** What a rank is in the placed plan; a dash if nothing in it. */
    String role(int rank) {
        return mesh().filter(known -> rank < known.size())
                .map(known -> known.role(rank))
                .orElse("-");
    }

    /** The simulated link, if there is one. */
    Optional<Link> link() {
        return known().flatMap(known -> known.spec().link());
    }

    /** What each worker may use; empty without a limit or without workers. */
    OptionalLong memoryBytes() {
        return known().flatMap(known -> known.spec().memoryBytes())
                .map(OptionalLong::of)
                .orElseGet(OptionalLong::empty);
    }

    /** The workers' devices by rank; none without workers. */
    List<String> devices() {
        return known().map(known ->
                        known.spec().devices().stream().map(Object::toString).toList())
                .orElse(List.of());
    }

    /** Asks all ranks and gives their replies; {@link FailedWorkers} where one failed. */
    List<Reply> ask(Request request) {
        return ask(request, event -> {});
    }

    List<Reply> ask(Request request, Consumer<WorkerEvent> hearing) {
        return ask(request, hearing, () -> false);
    }

    /** The same, unless the user has asked to stop while the workers had nothing to do and could not hear it. */
    List<Reply> askUnlessStopped(Request request, Consumer<WorkerEvent> hearing) {
        return ask(request, hearing, turns::stopping);
    }

    private List<Reply> ask(Request request, Consumer<WorkerEvent> hearing, BooleanSupplier stopped) {
        Cluster asked = current();
        Optional<ClusterFailure> before = asked.failure();
        if (before.isPresent()) {
            throw failed(before.get());
        }
        Turns.Turn turn = turns.take(request.getClass().getSimpleName().toLowerCase(Locale.ROOT));
        Consumer<WorkerEvent> heard = turn.listen(hearing);
        try {
            Future<List<Reply>> submitted = asked.submit(request);
            if (stopped.getAsBoolean()) {
                asked.cancel();
            }
            List<Reply> replies = submitted.get();
            List<Failure> failures = Failures.of(replies, asked::status, this::role);
            if (!failures.isEmpty()) {
                throw new FailedWorkers(failures);
            }
            return replies;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ClusterFailure failure) {
                throw failed(failure);
            }
            throw new IllegalStateException(String.valueOf(e.getCause()), e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        } finally {
            turn.listen(heard);
            turn.close();
        }
    }

    private RuntimeException failed(ClusterFailure failure) {
        List<Failure> failures = Failures.ofLost(failure.failures(), this::role);
        placed.lose();
        return failures.isEmpty()
                ? new IllegalStateException(failure.getMessage(), failure)
                : new FailedWorkers(failures);
    }

    Cells cells() {
        Cluster known = current();
        LocalCells open = cells;
        if (open == null) {
            open = new LocalCells(known, this);
            cells = open;
        }
        return open;
    }

    private void closeCells() {
        LocalCells before = cells;
        cells = null;
        if (before != null) {
            before.close();
        }
    }

    /** Takes the turn for a verb that asks more than once; from here on {@link #stopping} tells whether the user asked to stop. */
    Turns.Turn turn(String what) {
        return turns.take(what);
    }

    boolean stopping() {
        return turns.stopping();
    }

    /** What follows puts things back after a stop. */
    void stopObeyed() {
        turns.obeyed();
    }

    /** Asks what is running to stop; returns at once. */
    void cancel() {
        turns.stop();
        LocalCells open = cells;
        if (open != null) {
            open.noteStop();
        }
        known().ifPresent(Cluster::cancel);
    }

    /** Kills the workers; returns at once. */
    void kill() {
        known().ifPresent(Cluster::kill);
    }
}
