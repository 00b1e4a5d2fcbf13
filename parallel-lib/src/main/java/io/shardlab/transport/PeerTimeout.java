package io.shardlab.transport;

/** A rank waited longer than its policy allows; the message names the missing ranks and the operation. */
public final class PeerTimeout extends RuntimeException {
    public PeerTimeout(String message) {
        super(message);
    }
}
