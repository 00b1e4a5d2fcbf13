/**
 * Facts about a run, estimated or measured: spans, timelines, memory, metrics.
 *
 * <p>Simulating a plan and running it give the same type of value, a {@link io.shardlab.trace.Timeline}, so an estimate
 * and a measurement meet in one table and one chart. This room draws nothing and runs nothing.
 */
@NullMarked
package io.shardlab.trace;

import org.jspecify.annotations.NullMarked;
