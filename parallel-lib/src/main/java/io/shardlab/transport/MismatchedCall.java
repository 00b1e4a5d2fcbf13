package io.shardlab.transport;

/** Ranks made calls that do not belong together; the message holds what each of them called. */
public final class MismatchedCall extends RuntimeException {
    public MismatchedCall(String message) {
        super(message);
    }
}
