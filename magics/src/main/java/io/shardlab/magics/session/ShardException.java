package io.shardlab.magics.session;

import io.shardlab.magics.backend.FailedWorkers;
import io.shardlab.magics.backend.Failure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ends a cell. The message is the whole summary in one line, because a notebook shows little else. */
public final class ShardException extends RuntimeException {

    private final transient List<Failure> failures;
    private final boolean interrupted;

    private ShardException(String message, List<Failure> failures, boolean interrupted, @Nullable Throwable cause) {
        super(message, cause);
        this.failures = List.copyOf(failures);
        this.interrupted = interrupted;
        setStackTrace(new StackTraceElement[0]);
    }

    public ShardException(String message) {
        this(message, null);
    }

    ShardException(String message, @Nullable Throwable cause) {
        this(message, List.of(), false, cause);
    }

    static ShardException failed(FailedWorkers cause) {
        return new ShardException(String.valueOf(cause.getMessage()), cause.failures(), false, cause);
    }

    static ShardException interrupted(String message) {
        return new ShardException(message, List.of(), true, null);
    }

    /** Whether the user ended it. */
    public boolean interrupted() {
        return interrupted;
    }

    /** The workers that failed; empty for other reasons. */
    public List<Failure> failures() {
        return failures;
    }
}
