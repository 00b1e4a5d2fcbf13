package io.shardlab.comm;

/**
 * How often a rank did an operation, and the bytes it had to send for it.
 *
 * <p>Bytes follow the usual bounds for n ranks and a full tensor of S bytes: all-reduce 2(n-1)/n·S, all-gather and
 * reduce-scatter (n-1)/n·S, send S, broadcast S at its root and 0 elsewhere.
 */
public record Census(long count, long bytes) {}
