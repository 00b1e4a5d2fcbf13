/**
 * What repeated runs say together: in which order schemes take their turns ({@link io.shardlab.magics.trial.Rounds}), what one run
 * showed, medians and spreads of all runs of a scheme, and whether two schemes computed the same.
 *
 * <p>Arithmetic on the outcomes of {@code backend}; besides it may import {@code command} and the causes that {@code view} colours.
 */
@NullMarked
package io.shardlab.magics.trial;

import org.jspecify.annotations.NullMarked;
