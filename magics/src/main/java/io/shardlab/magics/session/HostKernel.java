package io.shardlab.magics.session;

import io.shardlab.cell.CompiledCell;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the notebook's own kernel can do beyond showing things. Called on the cell's thread only. */
public interface HostKernel {

    /** A kernel that can do nothing of it: plain Java, and tests. */
    HostKernel NONE = new HostKernel() {
        @Override
        public @Nullable Object evaluate(String source) {
            throw new IllegalStateException("this needs a notebook");
        }

        @Override
        public void register(String name, Line line, Cell cell) {
            throw new IllegalStateException("this needs a notebook");
        }

        @Override
        public String version() {
            return "none";
        }
    };

    /**
     * Runs Java where the notebook's cells without {@code %%shard} run, and gives the last value.
     *
     * @throws IllegalArgumentException if it does not compile or throws; the message is one line
     */
    @Nullable
    Object evaluate(String source);

    /** Makes a name known as a line and as a cell. */
    void register(String name, Line line, Cell cell);

    /** Name and version. */
    String version();

    /** {@code %name words…}. */
    interface Line {
        Object run(List<String> words);
    }

    /** {@code %%name words…} with a body. */
    interface Cell {
        Object run(List<String> words, String body);
    }

    /** The notebook's own Java does not compile a text. */
    final class Rejected extends IllegalArgumentException {

        private final transient List<CompiledCell.SourceError> errors;

        /** @param errors at least one, in lines of that text */
        public Rejected(List<CompiledCell.SourceError> errors) {
            super("in the notebook: this does not compile there: "
                    + errors.get(0).summary());
            this.errors = List.copyOf(errors);
        }

        List<CompiledCell.SourceError> errors() {
            return errors;
        }
    }
}
