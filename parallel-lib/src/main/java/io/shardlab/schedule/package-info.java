/**
 * Rules that write schedules, and the check that no schedule can hang.
 *
 * <p>A {@link io.shardlab.schedule.ScheduleRule} says only in which order a rank computes: {@link io.shardlab.schedule.GPipe},
 * {@link io.shardlab.schedule.Interleaved} or {@link io.shardlab.schedule.ZeroBubbleH1} are ten to twenty lines each. One
 * {@link io.shardlab.schedule.Lowering} adds sends, receives and gradient sums to any of them, and one
 * {@link io.shardlab.schedule.ScheduleCheck} proves the result free of dead-locks before anything starts; a
 * {@link io.shardlab.schedule.Grid} draws it. What users hand in as text is a
 * {@link io.shardlab.schedule.GivenSchedule} and takes the same way. This room knows nothing of tensors, time or
 * processes.
 */
@NullMarked
package io.shardlab.schedule;

import org.jspecify.annotations.NullMarked;
