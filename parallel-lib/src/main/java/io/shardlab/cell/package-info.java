/**
 * Java cells that run on ranks: compiled once where the notebook is, executed where the tensors are.
 *
 * <p>{@link io.shardlab.cell.CellCompiler} is the notebook's half: a JShell that compiles and never executes. What it makes of a
 * cell is a {@link io.shardlab.cell.CellProgram}, class files and the methods to call, the same for every rank.
 * {@link io.shardlab.cell.CellSession} is a rank's half: it loads those classes and calls those methods on the compute thread,
 * so that a cell's variables are objects of the worker's JVM and live as long as it does. Between cells a variable is a static
 * field of a class of its own, one per rank. {@link io.shardlab.cell.Here} and {@link io.shardlab.cell.Collectives} are what a
 * cell sees of its rank.
 *
 * <p>This room knows neither processes nor notebooks, nor how a rank is asked to stop.
 */
@NullMarked
package io.shardlab.cell;

import org.jspecify.annotations.NullMarked;
