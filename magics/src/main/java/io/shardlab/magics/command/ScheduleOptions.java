package io.shardlab.magics.command;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * A schedule to draw, or to write.
 *
 * @param name of a rule or of a schedule of the session's own
 * @param pipeline degree to draw a rule for; empty for the placed plan's, else 4
 * @param microbatches to draw a rule for; empty for the placed plan's, else twice the degree
 * @param chunks stages per rank
 * @param text of a schedule to keep under the name; empty to draw only
 */
public record ScheduleOptions(
        String name, OptionalInt pipeline, OptionalInt microbatches, OptionalInt chunks, Optional<String> text) {

    /** The schedule of that name, everything else by default. */
    public static ScheduleOptions of(String name) {
        return new ScheduleOptions(
                name, OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(), Optional.empty());
    }

    public ScheduleOptions withSize(int pipelineDegree, int numMicrobatches) {
        return new ScheduleOptions(name, OptionalInt.of(pipelineDegree), OptionalInt.of(numMicrobatches), chunks, text);
    }

    public ScheduleOptions withText(String changed) {
        return new ScheduleOptions(name, pipeline, microbatches, chunks, Optional.of(changed));
    }
}
