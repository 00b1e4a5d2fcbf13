package io.shardlab.engine;

import ai.djl.ndarray.NDArray;

/** Hears how many rows of a product's result are final, while the rest is computed. */
interface RowListener {

    RowListener NONE = (output, rows) -> {};

    /**
     * Says that rows 0 … {@code rows - 1} are final.
     *
     * @param output [N,D]
     * @param rows more than before; N at last
     */
    void reach(NDArray output, int rows);
}
