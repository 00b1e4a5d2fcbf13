/**
 * One laboratory per notebook: what the verbs do, typed.
 *
 * <p>Read {@link io.shardlab.magics.session.Lab} first: its methods are the verbs, with the same names and defaults, and work in
 * plain Java. {@link io.shardlab.magics.session.Notebook} puts words in and pictures out: it asks {@code command} what a line
 * means, calls the laboratory and shows the result through a {@link io.shardlab.magics.session.NotebookPort}. Everything that
 * lies below (planner, cluster, workers) stands behind {@link io.shardlab.magics.session.Backend}, in parts of one subject each.
 *
 * <p>Where a verb lives: what the workers do for it in a part of {@code Backend} ({@code Workers}, {@code Plans}, {@code Runs},
 * {@code Checkpointing}, {@code Measures}, {@code Diagnosis}, {@code Cells}) and its {@code Local…}; what happens before and after
 * in a class of its subject ({@code SessionWorkers}, {@code Planning}, {@code Training}, {@code Generation}, {@code SessionCells},
 * {@code Observations} …); how it looks in the value that it returns, or for plain rows in the {@code …Grids} of its part; what is
 * shown meanwhile in a {@code LiveDisplay}, when and in which order in a {@code Shown…}. {@code Lab} and {@code ShownVerbs} only
 * pass verbs on. A new subject is a new class in each place.
 *
 * <p>Threads: the cell's thread only waits, interruptibly. One thread works, one stops work, one talks to the notebook.
 */
@NullMarked
package io.shardlab.magics.session;

import org.jspecify.annotations.NullMarked;
