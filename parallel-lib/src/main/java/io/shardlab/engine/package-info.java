/**
 * The mathematics of one rank: forward and backward of segments, weights, gradients, optimizer.
 *
 * <p>This is the only home of {@code ai.djl}; nothing of it shows in the types other rooms see. Read
 * {@link io.shardlab.engine.Engine}, {@link io.shardlab.engine.Shard} and {@link io.shardlab.engine.Scope} first; then one of the
 * classes named after a segment kind. DJL has no custom autograd functions, so a stage is cut at every collective: each
 * segment has its own graph, which starts at detached leaves and is run backward from a given gradient. This room does not
 * know who else computes: collectives happen between its calls, in the bytes of its tensors.
 */
@NullMarked
package io.shardlab.engine;

import org.jspecify.annotations.NullMarked;
