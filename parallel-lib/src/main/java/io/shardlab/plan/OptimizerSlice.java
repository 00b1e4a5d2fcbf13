package io.shardlab.plan;

import io.shardlab.tensor.Extent;

/**
 * Which elements of a parameter the optimizer of one data rank works on where its state is split (ZeRO stage 1, Rajbhandari
 * et al. 2020): consecutive runs of the row-major part that each data rank holds, as equal as whole blocks allow.
 *
 * <p>Squared gradients are summed block by block, and blocks in order, whoever owns them: so the norm does not depend on the
 * cut.
 */
public final class OptimizerSlice {

    /** Elements of a block; the last one of a parameter may be shorter. */
    public static final int BLOCK = 256;

    private OptimizerSlice() {}

    /** The elements that rank {@code rank} of {@code degree} owns of {@code numElements}; empty where there are fewer blocks than ranks. */
    public static Extent of(long numElements, int rank, int degree) {
        long blocks = numBlocks(numElements);
        long start = Math.min(numElements, blocks * rank / degree * BLOCK);
        long end = Math.min(numElements, blocks * (rank + 1) / degree * BLOCK);
        return new Extent(start, end - start);
    }

    /** How many blocks {@code numElements} make. */
    public static long numBlocks(long numElements) {
        return (numElements + BLOCK - 1) / BLOCK;
    }
}
