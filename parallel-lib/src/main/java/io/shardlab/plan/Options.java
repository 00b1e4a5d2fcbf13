package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonIgnore;

/**
 * How a scheme is carried out, beyond its degrees.
 *
 * @param chunks V, stages per pipeline rank
 * @param sequenceParallel whether what tensor ranks would hold twice between blocks is split along tokens (Korthikanti et al. 2022)
 * @param zero 1 where the optimizer's state is split over the data axis (Rajbhandari et al. 2020, stage 1), else 0
 * @param recompute whether the backward pass computes a segment's activations again instead of keeping them
 * @param uneven whether heads, columns and vocabulary may be split in unequal parts
 * @param dropout probability with which elements of each block's output are dropped while training
 */
public record Options(
        int chunks, boolean sequenceParallel, int zero, boolean recompute, boolean uneven, double dropout) {

    public static final Options DEFAULT = new Options(1, false, 0, false, false, 0);

    public Options {
        if (chunks < 1) {
            throw new IllegalArgumentException("chunks " + chunks + " must be at least 1");
        }
        if (zero < 0 || zero > 1) {
            throw new IllegalArgumentException("zero " + zero + " is not one of 0, 1");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout " + dropout + " must be at least 0 and below 1");
        }
    }

    @JsonIgnore
    public boolean isDefault() {
        return equals(DEFAULT);
    }

    public Options withChunks(int changed) {
        return new Options(changed, sequenceParallel, zero, recompute, uneven, dropout);
    }

    public Options withSequenceParallel(boolean changed) {
        return new Options(chunks, changed, zero, recompute, uneven, dropout);
    }

    public Options withZero(int changed) {
        return new Options(chunks, sequenceParallel, changed, recompute, uneven, dropout);
    }

    public Options withRecompute(boolean changed) {
        return new Options(chunks, sequenceParallel, zero, changed, uneven, dropout);
    }

    public Options withUneven(boolean changed) {
        return new Options(chunks, sequenceParallel, zero, recompute, changed, dropout);
    }

    public Options withDropout(double changed) {
        return new Options(chunks, sequenceParallel, zero, recompute, uneven, changed);
    }
}
