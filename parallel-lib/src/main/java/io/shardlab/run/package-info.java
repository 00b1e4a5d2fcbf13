/**
 * The one loop that executes one rank's part of a plan, and the language in which it is asked to.
 *
 * <p>A {@link io.shardlab.run.Request} goes in, {@link io.shardlab.run.Event events} come out while it runs, one
 * {@link io.shardlab.run.Reply} ends it. The same {@link io.shardlab.run.RankExecutor} serves ranks that are threads of one
 * process and ranks that are worker JVMs; this room does not know which.
 *
 * <p>{@link io.shardlab.run.RankRunner} is that executor. It passes a request on to who answers its kind: {@code PlanRequests} for
 * what places, trains, generates and files, {@code RankCells} for users' cells. A training step reads from {@code TrainRun} over
 * {@code MicrobatchRunner}, which walks the actions, to {@code StageProgram}, which walks the steps of one stage.
 */
@NullMarked
package io.shardlab.run;

import org.jspecify.annotations.NullMarked;
