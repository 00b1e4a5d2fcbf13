/**
 * Facts about a run, estimated or measured: spans, timelines, memory, metrics.
 *
 * <p>Simulating a plan and running it give the same type of value, a {@link io.shardlab.trace.Timeline}, so an estimate and a
 * measurement meet in one table and one chart. A {@link io.shardlab.trace.Bubble} says why ranks were idle,
 * {@link io.shardlab.trace.StepMetrics} how a step went, and {@link io.shardlab.trace.ChromeTrace} writes a run's
 * {@code trace.json}. This room draws nothing and runs nothing.
 */
@NullMarked
package io.shardlab.trace;

import org.jspecify.annotations.NullMarked;
