package io.shardlab.trace;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The terms of which a step's time is the sum; estimates and measurements use the same ones, as means over the ranks. */
public enum TimeTerm {
    /** Arithmetic of forward and backward passes. */
    @JsonProperty("compute")
    COMPUTE,
    /** Collectives on the tensor axis, inside passes. */
    @JsonProperty("tensorCommunication")
    TENSOR_COMMUNICATION,
    /** Fill and drain of the pipeline. */
    @JsonProperty("bubble")
    BUBBLE,
    /** Waiting for slower stages. */
    @JsonProperty("imbalance")
    IMBALANCE,
    /** Summing gradients over the data axis. */
    @JsonProperty("dataSync")
    DATA_SYNC,
    /** Waiting for messages under way. */
    @JsonProperty("latency")
    LATENCY,
    /** Optimizer, stragglers, bookkeeping. */
    @JsonProperty("other")
    OTHER
}
