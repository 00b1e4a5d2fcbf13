package io.shardlab.magics.session;

import io.shardlab.magics.backend.Comparing;
import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.backend.Runs;
import io.shardlab.plan.Plan;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Puts plans aside and takes the figures of its runs from {@link FakeRuns}. */
final class FakeComparing implements Comparing {

    private final FakeBackend backend;

    FakeComparing(FakeBackend backend) {
        this.backend = backend;
    }

    @Override
    public boolean stopping() {
        return backend.cancelled.getCount() == 0;
    }

    @Override
    public Runs.TrainOutcome run(Runs.TrainRequest request, boolean apart) {
        backend.started.add(apart ? "apart" : "together");
        return backend.runs().train(request, Progress.SILENT);
    }

    @Override
    public Runs.InferOutcome infer(List<Integer> prompt, int maxNew) {
        backend.started.add("infer " + prompt.size() + " + " + maxNew);
        return backend.runs().infer(prompt, stopping() ? 0 : maxNew, (id, millis) -> {});
    }

    @Override
    public Aside putAside(Path folder) {
        if (backend.diskFull) {
            throw new IllegalStateException("checkpoint '" + folder + "' cannot be written: no space");
        }
        Optional<Plan> before = Optional.ofNullable(backend.placed);
        backend.started.add(
                "aside " + before.map(plan -> plan.scheme().toString()).orElse("nothing"));
        return () -> {
            backend.placed = before.orElse(null);
            backend.started.add(
                    "back " + before.map(plan -> plan.scheme().toString()).orElse("nothing"));
            return before.map(plan -> "tiny under " + plan.scheme() + " is placed again")
                    .orElse("");
        };
    }
}
