package io.shardlab.magics.session;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ends a cell. The message is the whole summary in one line, because a notebook shows little else. */
public final class ShardException extends RuntimeException {

    private final transient List<Failure> failures;

    ShardException(String message, List<Failure> failures, @Nullable Throwable cause) {
        super(message, cause);
        this.failures = List.copyOf(failures);
        setStackTrace(new StackTraceElement[0]);
    }

    ShardException(String message, @Nullable Throwable cause) {
        this(message, List.of(), cause);
    }

    /** The workers that failed; empty for other reasons. */
    public List<Failure> failures() {
        return failures;
    }
}
