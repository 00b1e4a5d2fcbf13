/**
 * What a plan will cost, before it runs: time, memory and messages.
 *
 * <p>{@link io.shardlab.cost.SegmentCost} prices one segment from its local shapes; everything else adds those up.
 * {@link io.shardlab.cost.Simulator} replays a schedule into a predicted {@link io.shardlab.trace.Timeline};
 * {@link io.shardlab.cost.StepEstimate}, {@link io.shardlab.cost.MemoryEstimate} and
 * {@link io.shardlab.cost.CommunicationEstimate} price a {@link io.shardlab.plan.Plan} in the terms in which a run is
 * measured; {@link io.shardlab.cost.StageBalance} cuts layers into stages. Pure arithmetic: this room knows nothing of the
 * engine, and how fast a machine is comes in as {@link io.shardlab.cost.Hardware}.
 */
@NullMarked
package io.shardlab.cost;

import org.jspecify.annotations.NullMarked;
