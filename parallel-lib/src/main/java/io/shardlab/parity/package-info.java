/**
 * Whether a sharded run computed what the unsharded model computes.
 *
 * <p>Ranks write what they computed to files (see {@code run.Probe}); {@link io.shardlab.parity.Shards} joins the parts as the
 * plan placed them; {@link io.shardlab.parity.Verdict} judges the differences, with float64 twins as the judge: what float32
 * gets slightly wrong and float64 gets right is rounding, what float64 gets wrong too is a bug.
 * {@link io.shardlab.parity.BrokenPlan} breaks plans on purpose, because a check that cannot fail proves nothing.
 */
@NullMarked
package io.shardlab.parity;

import org.jspecify.annotations.NullMarked;
