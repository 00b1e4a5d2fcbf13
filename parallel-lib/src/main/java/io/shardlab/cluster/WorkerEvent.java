package io.shardlab.cluster;

import io.shardlab.mesh.Device;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;

/**
 * What a group of ranks tells its listener, never two things at a time.
 *
 * <p>A listener that takes long slows the ranks that print or say something; it must not wait for their replies.
 */
public sealed interface WorkerEvent {

    /** A worker is there, {@code millis} after the start was asked for. */
    record Started(int rank, Device device, long pid, long millis) implements WorkerEvent {}

    /** A rank said something about the request it works on. */
    record Said(int rank, Event event) implements WorkerEvent {}

    /** A piece of what a rank printed; pieces are not lines, put together they are the whole. */
    record Printed(int rank, boolean error, String text) implements WorkerEvent {}

    /** A rank has answered. */
    record Answered(int rank, Reply reply) implements WorkerEvent {}

    /** A worker is lost. */
    record Died(WorkerFailure failure) implements WorkerEvent {}

    /** Something a user should know that stops nothing. */
    record Warned(String text) implements WorkerEvent {}
}
