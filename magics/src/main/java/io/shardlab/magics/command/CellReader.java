package io.shardlab.magics.command;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the words of {@code %%shard} cells and remembers what the last ones meant: cells that are run again and again have the
 * same words, and reading them takes longer than asking all workers. Any thread.
 */
public final class CellReader {

    private volatile @Nullable Read last;

    /** @param meant with the body of the cell that said it first */
    private record Read(List<String> words, CellCommand meant) {}

    /** As {@link Verbs#parseCell}. */
    public Command read(List<String> words, String body) {
        Read known = last;
        if (known != null && known.words().equals(words)) {
            return known.meant().withBody(body);
        }
        Command command = Verbs.parseCell(words, body);
        if (command instanceof CellCommand cell) {
            last = new Read(List.copyOf(words), cell);
        }
        return command;
    }
}
