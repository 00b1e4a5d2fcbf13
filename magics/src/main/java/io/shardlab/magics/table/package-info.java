/**
 * How plain rows look: each {@code …Grids} makes {@code Grid}s of the rows of one part of the backend, with the columns that the
 * specification promises.
 *
 * <p>May import {@code backend}, {@code home} and {@code view}. Values that are more than rows draw themselves, in {@code session}.
 */
@NullMarked
package io.shardlab.magics.table;

import org.jspecify.annotations.NullMarked;
