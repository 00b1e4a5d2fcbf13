/**
 * Rules that write schedules, and the check that no schedule can hang.
 *
 * <p>A {@link io.shardlab.schedule.ScheduleRule} says only in which order a rank computes: {@link io.shardlab.schedule.GPipe}
 * and {@link io.shardlab.schedule.OneForwardOneBackward} are about ten lines each. One
 * {@link io.shardlab.schedule.Lowering} adds sends, receives and gradient sums to any of them, and one
 * {@link io.shardlab.schedule.ScheduleCheck} proves the result free of dead-locks before anything starts; a
 * {@link io.shardlab.schedule.Grid} draws it. Schedules that users hand in as text take the same way. This room knows
 * nothing of tensors, time or processes.
 */
@NullMarked
package io.shardlab.schedule;

import org.jspecify.annotations.NullMarked;
