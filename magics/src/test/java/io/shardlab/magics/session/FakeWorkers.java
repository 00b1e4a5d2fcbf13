package io.shardlab.magics.session;

import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Workers;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.mesh.Device;
import io.shardlab.mesh.Mesh;
import io.shardlab.mesh.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Up to four CPU workers that are always ready. */
final class FakeWorkers implements Workers {

    private final FakeBackend backend;

    FakeWorkers(FakeBackend backend) {
        this.backend = backend;
    }

    @Override
    public Running up(UpOptions options) {
        int count = options.workers().orElse(2);
        if (count > FakeBackend.DEVICES) {
            throw new IllegalArgumentException("workers " + count
                    + " is more than this machine has devices; allowed: 1 to " + FakeBackend.DEVICES);
        }
        if (!backend.gpus
                && options.devices()
                        .kind()
                        .filter(kind -> kind == Device.Kind.GPU)
                        .isPresent()) {
            throw new IllegalArgumentException(
                    "devices " + options.devices() + ": this machine has no GPU; allowed: cpu");
        }
        backend.started.add("up " + count);
        backend.lost = Optional.empty();
        backend.workers = count;
        backend.memoryBytes = options.memoryBytes();
        List<WorkerRow> rows = new ArrayList<>();
        for (int rank = 0; rank < count; rank++) {
            rows.add(new WorkerRow(
                    rank, 4000 + rank, "cpu:" + rank, options.memoryBytes(), "PyTorch 2.7.1", 800 + rank));
        }
        return new Running(rows, 812, false, count + " workers on CPU");
    }

    @Override
    public Optional<Running> unchanged(UpOptions options) {
        return Optional.empty();
    }

    @Override
    public Restarted restart(Selection selection, Progress progress) {
        if (backend.workers == 0) {
            throw new IllegalStateException("no workers; `%shard up` starts some");
        }
        selection.ranks(new Mesh(1, 1, backend.workers));
        return new Restarted(up(UpOptions.workers(backend.workers)), List.of("kept: <all>"));
    }

    @Override
    public Optional<String> lost() {
        return backend.lost;
    }

    @Override
    public List<ExitRow> down(boolean now) {
        List<ExitRow> rows = new ArrayList<>();
        for (int rank = 0; rank < backend.workers; rank++) {
            rows.add(new ExitRow(rank, 4000 + rank, "cpu:" + rank, now ? "signal 9" : "exit code 0"));
        }
        backend.workers = 0;
        backend.placed = null;
        return rows;
    }

    @Override
    public List<StatusRow> status() {
        List<StatusRow> rows = new ArrayList<>();
        for (int rank = 0; rank < backend.workers; rank++) {
            rows.add(new StatusRow(
                    rank,
                    "tp=" + rank,
                    4000 + rank,
                    "cpu:" + rank,
                    backend.busy ? "busy" : "ready",
                    "0B1",
                    OptionalLong.of(300L << 20),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    Optional.empty()));
        }
        return rows;
    }

    @Override
    public List<LogLine> logs(Selection selection, int linesPerRank) {
        if (backend.workers == 0) {
            throw new IllegalStateException("no workers; `%shard up` starts some");
        }
        return selection.ranks(new Mesh(1, 1, backend.workers)).stream()
                .map(rank -> new LogLine(rank, "line of <rank> " + rank))
                .toList();
    }
}
