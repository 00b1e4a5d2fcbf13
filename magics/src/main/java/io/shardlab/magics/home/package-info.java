/**
 * What lies below {@code SHARDLAB_HOME}: what can be trained on, as tokens ({@link io.shardlab.magics.home.Corpus}) or samples
 * ({@link io.shardlab.magics.home.SampleSets}), and folders that a verb needs for a while.
 *
 * <p>This room may import {@code parallel-lib} and {@code command}; it knows files, neither workers nor notebooks.
 */
@NullMarked
package io.shardlab.magics.home;

import org.jspecify.annotations.NullMarked;
