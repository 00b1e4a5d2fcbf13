package io.shardlab.trace;

import io.shardlab.mesh.Axis;

/**
 * What one rank sends in one training step through one collective on one axis, expected or counted.
 *
 * @param rank who sends
 * @param collective its name: {@code all_reduce}, {@code gather}, {@code send} …
 * @param axis along which
 * @param count calls
 * @param bytes sent by this rank in all of them
 */
public record Traffic(int rank, String collective, Axis axis, long count, long bytes) {}
