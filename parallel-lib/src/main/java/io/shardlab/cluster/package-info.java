/**
 * Starting worker JVMs, talking to them and stopping them: the control plane.
 *
 * <p>Read {@link io.shardlab.cluster.Workers} first: what a session can ask of a group of ranks, whoever they are. Then
 * {@link io.shardlab.cluster.Cluster}, whose ranks are JVMs, and {@link io.shardlab.cluster.LocalRanks}, whose ranks are threads.
 *
 * <p>A cluster has one coordinator thread that owns all of its state. Around it stand, per worker, threads that only move bytes:
 * two pumps for what the worker prints, a reader and a writer for its control socket, and one that waits for its end. The thread
 * of a notebook's cell touches none of this; it waits for a future. In the worker, one thread reads control frames and one
 * thread computes.
 *
 * <p>Workers die with the kernel in three ways: a parent-death signal, end of file on the control socket, and a look at the parent
 * process with every heartbeat. What a dead kernel leaves in folders is swept at the next start.
 *
 * <p>This room does not know what a request means, how ranks exchange tensors, or what a notebook is. Only
 * {@link io.shardlab.cluster.Launcher} and what it returns know on which host a worker runs.
 */
@NullMarked
package io.shardlab.cluster;

import org.jspecify.annotations.NullMarked;
