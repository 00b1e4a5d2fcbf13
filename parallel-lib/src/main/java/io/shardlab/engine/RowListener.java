package io.shardlab.engine;

import ai.djl.ndarray.NDArray;

/** Hears how many rows of an output are final. */
interface RowListener {

    RowListener NONE = (output, rows) -> {};

    void reach(NDArray output, int rows);
}
