/**
 * One laboratory per notebook: what the verbs do, typed, and what users hold in their hands.
 *
 * <p>Read {@link io.shardlab.magics.session.Lab} first: its methods are the verbs, with the same names and defaults, and work in
 * plain Java. {@link io.shardlab.magics.session.Notebook} puts words in and pictures out: it asks {@code command} what a line
 * means, calls the laboratory and shows the result on a {@link io.shardlab.magics.screen.Screen}. This is the top room: it may
 * import all others of {@code magics}, none of which imports it; {@code local} it knows by one name.
 *
 * <p>Where a verb lives: what the workers do for it in a part of {@code backend} and its {@code Local…} in {@code local}; what
 * happens before and after in a class of its subject here ({@code SessionWorkers}, {@code Planning}, {@code Training},
 * {@code Generation}, {@code SessionCells}, {@code Observations} …); how it looks in the value that it returns, or for plain rows
 * in {@code table}; what is shown meanwhile in a {@code LiveDisplay}, when and in which order in a {@code Shown…}. {@code Lab} and
 * {@code ShownVerbs} only pass verbs on to the {@code Subjects}. A new subject is a new class in each place.
 *
 * <p>Threads: the cell's thread only waits, interruptibly. One thread works, one stops work, one talks to the notebook.
 */
@NullMarked
package io.shardlab.magics.session;

import org.jspecify.annotations.NullMarked;
