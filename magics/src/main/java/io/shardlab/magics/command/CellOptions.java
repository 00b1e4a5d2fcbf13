package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import java.time.Duration;
import java.util.Optional;

/**
 * How a cell is run.
 *
 * @param selection which ranks run it
 * @param group whether what ranks print is shown at the end, rank by rank, rather than as it comes
 * @param timeout after which the ranks are asked to stop
 * @param name under which the result is kept
 * @param local whether it then runs in the notebook's own Java as well
 */
public record CellOptions(
        Selection selection, boolean group, Optional<Duration> timeout, Optional<String> name, boolean local) {

    /** On all ranks. */
    public static final CellOptions ALL = on(Selection.ALL);

    public static CellOptions on(Selection selection) {
        return new CellOptions(selection, false, Optional.empty(), Optional.empty(), false);
    }
}
