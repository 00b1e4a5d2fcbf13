package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Workers;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.mesh.Selection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The verbs {@code up}, {@code restart} and {@code down}, and the workers that came of them. */
final class SessionWorkers implements AutoCloseable {

    private final Backend backend;
    private final Work work;
    private final InBackground background;
    private final Map<String, String> environment;
    private final Idle idle;
    private Workers.Running running = Workers.Running.NONE;

    SessionWorkers(Backend backend, Work work, InBackground background, Map<String, String> environment) {
        this.backend = backend;
        this.work = work;
        this.background = background;
        this.environment = Map.copyOf(environment);
        this.idle = new Idle(backend, work);
    }

    /** As they came up. */
    Workers.Running running() {
        return running;
    }

    Idle idle() {
        return idle;
    }

    /** Starts workers; those that run already under the same specification stay, also while a run has them. */
    void up(UpOptions options) {
        Optional<Duration> unused = work.look("up", () -> options.idle().or(() -> UpOptions.idle(environment)));
        Optional<Workers.Running> same = work.look("up", () -> backend.workers().unchanged(options));
        Workers.Running up = same.isPresent()
                ? same.get()
                : work.callAnyway("up", () -> backend.workers().up(options));
        idle.limit(unused);
        running = idle.mentioned(up);
    }

    Workers.Restarted restart(Selection selection, Progress progress) {
        Workers.Restarted restarted =
                work.callAnyway("restart", () -> backend.workers().restart(selection, progress));
        running = idle.mentioned(restarted.running());
        return new Workers.Restarted(running, restarted.told());
    }

    List<Workers.ExitRow> down(boolean now) {
        if (!now) {
            background.requireNoneBefore("down", "`%shard down --now` ends it with the workers");
        }
        List<Workers.ExitRow> exits = now
                ? work.beside(() -> backend.workers().down(true))
                : work.callAnyway("down", () -> backend.workers().down(false));
        running = Workers.Running.NONE;
        idle.limit(Optional.empty());
        return exits;
    }

    @Override
    public void close() {
        idle.close();
    }

    @Override
    public String toString() {
        List<String> devices =
                running.rows().stream().map(Workers.WorkerRow::device).toList();
        return devices.isEmpty()
                ? "no workers"
                : devices.size() + (devices.size() == 1 ? " worker: " : " workers: ") + String.join(", ", devices);
    }
}
