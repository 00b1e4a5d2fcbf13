/**
 * Starting worker JVMs, talking to them and stopping them: the control plane.
 *
 * <p>Read {@link io.shardlab.cluster.Workers} first: what a session can ask of a group of ranks, whoever they are. Then
 * {@link io.shardlab.cluster.Cluster}, whose ranks are JVMs, and {@link io.shardlab.cluster.LocalRanks}, whose ranks are threads.
 *
 * <p>A cluster has one coordinator thread that owns its life: who has come, who is lost, what follows. Around it stand, per worker,
 * threads that only move bytes: two pumps for what the worker prints, a reader and, once something has to wait, writers for its two
 * control lines, and one that waits for its end. The thread of a notebook's cell touches none of this; it waits for a future.
 *
 * <p>Every hand-over from thread to thread costs more than a small cell, so a request takes the shortest way: whoever asks writes to
 * all workers itself, provided nobody can interrupt it ({@link io.shardlab.cluster.SteadyThread}); in the worker the thread that
 * computes reads and answers; the reader of the last answer ends the future. What must be heard meanwhile, a cancellation or a
 * lost peer, comes on a line of its own with a thread that only listens.
 *
 * <p>Workers die with the kernel in three ways: a parent-death signal, end of file on a control line, and a look at the parent
 * process with every heartbeat. What a dead kernel leaves in folders is swept at the next start.
 *
 * <p>This room does not know what a request means, how ranks exchange tensors, or what a notebook is. Only
 * {@link io.shardlab.cluster.Launcher} and what it returns know on which host a worker runs.
 */
@NullMarked
package io.shardlab.cluster;

import org.jspecify.annotations.NullMarked;
