/**
 * One laboratory per notebook: what the verbs do, typed.
 *
 * <p>Read {@link io.shardlab.magics.session.Lab} first: its methods are the verbs, with the same names and defaults, and work in
 * plain Java. {@link io.shardlab.magics.session.Notebook} puts words in and pictures out: it asks {@code command} what a line
 * means, calls the laboratory and shows the result through a {@link io.shardlab.magics.session.NotebookPort}. Everything that
 * lies below (planner, cluster, workers) stands behind {@link io.shardlab.magics.session.Backend}.
 *
 * <p>Threads: the cell's thread only waits, interruptibly. One thread works, one stops work, one talks to the notebook.
 */
@NullMarked
package io.shardlab.magics.session;

import org.jspecify.annotations.NullMarked;
