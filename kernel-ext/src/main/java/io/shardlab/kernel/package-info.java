/**
 * The adapter between the JJava kernel and the magics: the only room that knows JJava.
 *
 * <p>{@link io.shardlab.kernel.ShardExtension} is found by the kernel through {@code ServiceLoader}; it registers
 * {@code %shard}, its dashed twins and the renderers, and ends the session with the kernel. {@code JJavaNotebook} shows
 * what magics show, {@code CellOutput} keeps a cell's output reachable after the cell has ended, {@code ShownValues}
 * sees to it that a value a magic has shown is not drawn again below it. What the verbs mean is not known here.
 *
 * <p>Compiled against JJava 1.0-a6, run on 1.0a8: only types and methods that both have the same way.
 */
@NullMarked
package io.shardlab.kernel;

import org.jspecify.annotations.NullMarked;
