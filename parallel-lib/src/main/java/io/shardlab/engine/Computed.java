package io.shardlab.engine;

import ai.djl.ndarray.NDArray;

/** A segment's result and the way back. */
record Computed(NDArray output, Tape tape) {}
