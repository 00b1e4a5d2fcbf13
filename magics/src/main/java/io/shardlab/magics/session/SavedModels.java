package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Progress;
import java.nio.file.Path;

/** The verbs {@code save} and {@code load}: the placed model, its optimizer state and where training stands, as files. */
final class SavedModels {

    private final Backend backend;
    private final Work work;

    SavedModels(Backend backend, Work work) {
        this.backend = backend;
        this.work = work;
    }

    Filed save(Path folder, Progress progress) {
        return new Filed("saved", work.call("save", () -> backend.checkpoints().save(folder, progress)));
    }

    Filed load(Path folder, Progress progress) {
        return new Filed("loaded", work.call("load", () -> backend.checkpoints().load(folder, progress)));
    }
}
