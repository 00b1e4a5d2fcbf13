/**
 * The output of a notebook's cell while it changes: what a notebook offers ({@link io.shardlab.magics.screen.Port}), the one thread
 * that talks to it ({@link io.shardlab.magics.screen.Screen}), and what is live on it, from a cell's text to a run's progress.
 *
 * <p>May import {@code backend} (what is heard) and {@code view} (how it is drawn); knows no verbs and no session.
 */
@NullMarked
package io.shardlab.magics.screen;

import org.jspecify.annotations.NullMarked;
