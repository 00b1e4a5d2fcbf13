package io.shardlab.magics.backend;

import java.util.List;

/** Thrown by a backend when workers failed. */
public final class FailedWorkers extends RuntimeException {

    private final transient List<Failure> failures;

    /** At least one failure; the first that is not a consequence is the cause of the rest. */
    public FailedWorkers(List<Failure> failures) {
        super(FoldedFailures.of(failures).summary());
        this.failures = List.copyOf(failures);
    }

    public List<Failure> failures() {
        return failures;
    }
}
