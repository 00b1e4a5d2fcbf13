package io.shardlab.magics.session;

import io.shardlab.magics.backend.Checkpointing;
import io.shardlab.magics.backend.Progress;
import io.shardlab.run.TrainerState;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Checkpoints that are never written. */
final class FakeCheckpointing implements Checkpointing {

    private final FakeBackend backend;

    FakeCheckpointing(FakeBackend backend) {
        this.backend = backend;
    }

    @Override
    public FilesOutcome save(Path folder, Progress progress) {
        TrainerState state = TrainerState.of(backend.current(), 3, Optional.empty());
        backend.started.add("save " + folder);
        progress.progress("saving", 1, 2);
        return new FilesOutcome(folder, state, List.of(new FileRow("model.safetensors", 4 << 20, 0.5)));
    }

    @Override
    public FilesOutcome load(Path folder, Progress progress) {
        TrainerState state = TrainerState.of(backend.current(), 3, Optional.empty());
        backend.started.add("load " + folder);
        return new FilesOutcome(folder, state, List.of(new FileRow("model.safetensors", 4 << 20, 0.25)));
    }

    @Override
    public void requireSavable(Path folder) {
        if (folder.equals(Path.of("/"))) {
            throw new IllegalArgumentException("'/' cannot be replaced by a checkpoint");
        }
    }

    @Override
    public void requireRoom(Path folder) {
        if (backend.diskFull) {
            throw new IllegalArgumentException("'" + folder + "' needs 4 MB, its disk has 2 MB free");
        }
    }

    @Override
    public TrainerState saved(Path folder) {
        throw new IllegalArgumentException("checkpoint '" + folder + "' is not there");
    }
}
