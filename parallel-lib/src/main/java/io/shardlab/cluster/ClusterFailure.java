package io.shardlab.cluster;

import java.util.List;

/** One or more workers are lost and the cluster with them; its message names the first cause. */
public final class ClusterFailure extends RuntimeException {

    private final String message;
    private final transient List<WorkerFailure> failures;

    ClusterFailure(List<WorkerFailure> failures) {
        this(message(failures), failures);
    }

    private ClusterFailure(String message, List<WorkerFailure> failures) {
        super(message);
        this.message = message;
        this.failures = List.copyOf(failures);
    }

    ClusterFailure(String message) {
        this(message, List.of());
    }

    @Override
    public String getMessage() {
        return message;
    }

    /** The lost workers, first cause first; empty if the cluster was stopped or a start took too long. */
    public List<WorkerFailure> failures() {
        return failures;
    }

    private static String message(List<WorkerFailure> failures) {
        StringBuilder text = new StringBuilder(failures.get(0).summary());
        WorkerFailure first = failures.get(0);
        first.crashLog().ifPresent(log -> text.append(" (log: ").append(log).append(')'));
        if (first.cause() == WorkerFailure.Cause.EXIT && !first.lastLines().isEmpty()) {
            text.append(", having said: ")
                    .append(String.join(
                            " | ",
                            first.lastLines()
                                    .subList(0, Math.min(3, first.lastLines().size()))));
        }
        for (WorkerFailure other : failures.subList(1, failures.size())) {
            text.append("; ").append(other.summary());
        }
        return text.append(". Start the workers again to go on").toString();
    }
}
