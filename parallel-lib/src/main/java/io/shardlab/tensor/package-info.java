/**
 * The shape, type and placement of one tensor, as values.
 *
 * <p>A {@link io.shardlab.tensor.Placement} says what part of a tensor each rank of the tensor axis holds:
 * {@code Replicated}, {@code Split} (an extent per rank along one dimension, so uneven is the normal case) or
 * {@code Partial} (each rank holds a summand). No numbers live here, only descriptions of them.
 */
@NullMarked
package io.shardlab.tensor;

import org.jspecify.annotations.NullMarked;
