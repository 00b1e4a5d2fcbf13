/** The {@code %shard} language: from text to commands. */
@NullMarked
package io.shardlab.magics.command;

import org.jspecify.annotations.NullMarked;
