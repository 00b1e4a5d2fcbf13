/**
 * Bytes between ranks.
 *
 * <p>A {@link io.shardlab.transport.Transport} is one rank's end of the data plane. It opens {@link
 * io.shardlab.transport.Windows} for a group: memory that every member reads, of which each member writes its own part,
 * and ordered messages between pairs of members. {@link io.shardlab.transport.SharedMemoryTransport} places that memory
 * in files that worker JVMs map, {@link io.shardlab.transport.InProcessTransport} in plain direct memory of one JVM
 * whose threads are the ranks; everything above is the same code.
 *
 * <p>Order between ranks comes from acquire and release of counters alone. Every wait follows a {@link
 * io.shardlab.transport.WaitPolicy}: it can be stopped, it ends, and it names who is missing. A send never waits for
 * its receive.
 *
 * <p>This room does not know what a sum, a plan or a tensor is.
 */
@NullMarked
package io.shardlab.transport;

import org.jspecify.annotations.NullMarked;
