package io.shardlab.cell;

import java.util.List;
import java.util.Optional;

/**
 * How a cell went on one rank.
 *
 * @param selected whether the rank was to run it; the others only learn its classes
 * @param stepsDone steps that ended well
 * @param value of the last expression
 * @param failure that ended the cell
 * @param cancelled whether the rank was asked to stop, and did
 * @param millis on the rank's thread
 */
public record CellOutcome(
        boolean selected,
        int stepsDone,
        Optional<Shown> value,
        Optional<Thrown> failure,
        boolean cancelled,
        double millis) {

    static CellOutcome notSelected() {
        return new CellOutcome(false, 0, Optional.empty(), Optional.empty(), false, 0);
    }

    /**
     * A value as people see it.
     *
     * @param type simple name of its class
     * @param png a picture, for images; empty otherwise
     */
    public record Shown(String type, String text, byte[] png) {}

    /**
     * What a cell threw.
     *
     * @param type name of its class
     * @param causes one line for each exception below it
     * @param frames innermost first, down to the cell's own
     * @param consequence whether it only follows from another rank's failure
     */
    public record Thrown(String type, String message, List<String> causes, List<Frame> frames, boolean consequence) {
        public Thrown {
            causes = List.copyOf(causes);
            frames = List.copyOf(frames);
        }
    }

    /** A line of a stack trace; {@code line} counts within the compiled unit, {@link CellCompiler#place} knows the cell's. */
    public record Frame(String type, String method, String file, int line) {}
}
