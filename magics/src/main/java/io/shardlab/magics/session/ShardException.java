package io.shardlab.magics.session;

/** A verb failed; the message holds the whole summary, because a notebook shows nothing else. */
public final class ShardException extends RuntimeException {
    public ShardException(String message) {
        super(message);
    }

    public ShardException(String message, Throwable cause) {
        super(message, cause);
    }
}
