/**
 * The typed entry: {@code var lab = Shard.up(2);} in any JVM notebook or plain Java, the same methods that the magics call.
 */
@NullMarked
package io.shardlab.magics;

import org.jspecify.annotations.NullMarked;
