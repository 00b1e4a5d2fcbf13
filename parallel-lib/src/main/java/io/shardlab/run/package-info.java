/**
 * The one loop that executes one rank's part of a plan, and the language in which it is asked to.
 *
 * <p>A {@link io.shardlab.run.Request} goes in, {@link io.shardlab.run.Event events} come out while it runs, one
 * {@link io.shardlab.run.Reply} ends it. The same {@link io.shardlab.run.RankExecutor} serves ranks that are threads of one
 * process and ranks that are worker JVMs; this room does not know which.
 */
@NullMarked
package io.shardlab.run;

import org.jspecify.annotations.NullMarked;
