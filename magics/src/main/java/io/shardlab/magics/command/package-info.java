/**
 * The {@code %shard} language: words in, one {@link io.shardlab.magics.command.Command} out.
 *
 * <p>Read {@link io.shardlab.magics.command.Verbs} first: it lists the verbs and reads a line. Each verb is one record
 * that implements the sealed {@code Command}, with its flags described by a nested picocli class. What can be refused by
 * looking at the words alone is refused here, in one line that names the word, what is allowed and the nearest match; what
 * needs a model, a file or a device is refused below. This room starts nothing and draws nothing.
 */
@NullMarked
package io.shardlab.magics.command;

import org.jspecify.annotations.NullMarked;
