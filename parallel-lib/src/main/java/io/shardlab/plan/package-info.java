/**
 * The plan: what will run, as a value that display, check, simulation and execution all read.
 *
 * <p>Two small languages. A {@link io.shardlab.plan.Stage} is a list of {@link io.shardlab.plan.Step steps}: local
 * {@link io.shardlab.plan.Segment segments} (a run of layers with its own autograd graph) joined by
 * {@link io.shardlab.plan.Collective collectives}. A {@link io.shardlab.plan.Schedule} is, per pipeline rank, a list of
 * {@link io.shardlab.plan.Action actions}: which stage runs which pass on which micro-batch, and what is sent where.
 * Backward communication is never written down: the backward of a stage is its steps reversed, each collective replaced
 * by its adjoint. This room does not know how plans are made (see {@code model}, {@code schedule}) or run (see
 * {@code run}).
 */
@NullMarked
package io.shardlab.plan;

import org.jspecify.annotations.NullMarked;
