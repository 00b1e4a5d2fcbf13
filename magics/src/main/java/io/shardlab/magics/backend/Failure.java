package io.shardlab.magics.backend;

import java.util.List;

/**
 * Why one worker could not do what it was asked.
 *
 * @param role for instance {@code tp=1,pp=0}
 * @param device for instance {@code cpu:1}
 * @param phase what it was doing, for instance {@code backward, step 3}; empty if nothing that has a name
 * @param cause in one line: exception and message, signal, exit code
 * @param lines a few relevant ones: a trace, the end of its log
 * @param consequence whether it only follows from another worker's failure
 */
public record Failure(
        int rank, String role, String device, String phase, String cause, List<String> lines, boolean consequence) {

    public Failure {
        lines = List.copyOf(lines);
    }
}
