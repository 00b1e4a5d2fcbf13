/**
 * Collectives: what the ranks of a group compute together.
 *
 * <p>Read {@link io.shardlab.comm.Communicator} first. A collective is a sequence of <em>rounds</em>: each member
 * writes into its own window, announces the round, and reads the others' windows when all have announced it. Two halves
 * of every window are used in turn, so one announcement per round is all the ranks exchange. Sums run in rank order for
 * every element, whatever the algorithm, so all ranks and all runs get the same bits. Each announcement says what its
 * rank is doing; ranks that do different things find out before they touch a number.
 *
 * <p>A collective can be started and awaited later; {@link io.shardlab.comm.Pending} is what its caller holds meanwhile.
 *
 * <p>This room knows groups and element types; it does not know plans, models or how ranks were started.
 */
@NullMarked
package io.shardlab.comm;

import org.jspecify.annotations.NullMarked;
