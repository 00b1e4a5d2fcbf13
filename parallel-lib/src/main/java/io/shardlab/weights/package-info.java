/**
 * Where weights come from and go to.
 *
 * <p>{@link io.shardlab.weights.SeededWeights} makes them from a seed and the parameter's name, element by element, so any
 * slice of any parameter can be made alone and every layout starts from the same bits.
 * {@link io.shardlab.weights.SafetensorsFile} reads files that strangers made: it believes nothing that it has not checked
 * and says which tensor, at which offset, breaks which rule. Pure Java: this room does not know DJL, ranks or plans in
 * motion.
 */
@NullMarked
package io.shardlab.weights;

import org.jspecify.annotations.NullMarked;
