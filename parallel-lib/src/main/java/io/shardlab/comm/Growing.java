package io.shardlab.comm;

/**
 * An all-reduce under way on a tensor that its caller still computes, from the first element on (the overlap of a product with
 * its all-reduce of Jangda et al. 2022, "Breaking the Computation and Communication Abstraction Barrier"). Owned by the rank's
 * compute thread.
 */
public interface Growing extends Pending {

    /**
     * Says that the tensor's first {@code bytes} bytes are final, and sends what can be sent of them.
     *
     * @param bytes from the buffer's position on; never fewer than before
     */
    void reach(int bytes);

    /**
     * Returns when the tensor holds the sum.
     *
     * @throws IllegalStateException if not all of the tensor is final
     */
    @Override
    void await();
}
