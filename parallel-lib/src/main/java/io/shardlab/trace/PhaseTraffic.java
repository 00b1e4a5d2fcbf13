package io.shardlab.trace;

/**
 * What one rank sends in one training step through one collective, told apart by phase.
 *
 * @param axis its short name ({@code tp}, {@code pp}, {@code dp}), or {@code mesh} for all ranks of the plan
 * @param count calls
 * @param bytes sent by this rank in all of them
 */
public record PhaseTraffic(int rank, Phase phase, String axis, String collective, long count, long bytes) {

    /** {@code forward tp all_reduce}. */
    public String heading() {
        return phase.word() + " " + axis + " " + collective;
    }
}
