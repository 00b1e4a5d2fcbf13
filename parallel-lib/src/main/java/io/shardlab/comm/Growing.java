package io.shardlab.comm;

/** A collective under way on a tensor that is still being computed, from its beginning on. */
public interface Growing extends Pending {

    /** Says that the tensor's first {@code bytes} bytes are final, and sends what can be sent of them. */
    void reach(int bytes);

    /** Needs the whole tensor to be final. */
    @Override
    void await();
}
