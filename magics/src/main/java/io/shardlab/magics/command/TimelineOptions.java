package io.shardlab.magics.command;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Which timeline to show.
 *
 * @param step of the last run, counted from 0; empty for its last step
 * @param predicted the simulator's estimate instead of the measurement
 * @param file where to write a Chrome trace
 */
public record TimelineOptions(OptionalInt step, boolean predicted, Optional<Path> file) {

    /** The last measured step. */
    public static final TimelineOptions LAST = new TimelineOptions(OptionalInt.empty(), false, Optional.empty());
}
