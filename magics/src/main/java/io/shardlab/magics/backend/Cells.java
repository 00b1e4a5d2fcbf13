package io.shardlab.magics.backend;

import io.shardlab.cell.CompiledCell;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.mesh.Selection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import javax.lang.model.SourceVersion;

/** Cells on the workers, and their variables. Same rules as {@link Backend}, of which this is a part. */
public interface Cells {

    /** What every cell has without declaring it. */
    Set<String> PREDEFINED = Set.of("rank", "worldSize", "mesh", "device", "manager", "model", "comm");

    /**
     * Compiles a cell once and runs it on the selected workers.
     *
     * @throws MistakenCell if the text does not compile; statements before the mistake have run
     */
    Outcome run(CellOptions options, String source, Listener listener);

    /** What the selected workers hold in the variables of their cells. */
    List<VariableRow> variables(Selection selection);

    /** Declares variables with these values. */
    List<VariableRow> push(Map<String, Object> values, Selection selection);

    /** The values of a variable. */
    List<PulledRow> pull(String name, Selection selection);

    /** Where the last cell that was asked to stop was then: {@code rank 0 in barrier}; empty if nothing was stopped. */
    String stoppedIn();

    /** {@code 2 × 3}; {@code scalar} for a tensor without dimensions. */
    static String shape(List<? extends Number> shape) {
        return shape.isEmpty() ? "scalar" : shape.stream().map(String::valueOf).collect(Collectors.joining(" × "));
    }

    /** Refuses a name under which nothing can be pushed. */
    static void requireName(String name) {
        if (!SourceVersion.isIdentifier(name) || SourceVersion.isKeyword(name)) {
            throw new IllegalArgumentException("push: '" + name + "' is not a name that Java allows");
        }
        if (PREDEFINED.contains(name)) {
            throw new IllegalArgumentException("push: " + name + " is predefined; choose another name");
        }
    }

    /** Hears what workers print; from any thread, one piece at a time. */
    interface Listener {

        /** Hears nothing. */
        Listener SILENT = (rank, error, text) -> {};

        void printed(int rank, boolean error, String text);

        /** Nothing of the cell will be refused any more; ranks are about to run it. */
        default void begun() {}
    }

    /**
     * A cell that has run.
     *
     * @param number of the cell, as in traces
     * @param ran the selected ranks, in order
     * @param failures of those that ended with an exception
     * @param notes for people, about the text of the cell
     */
    record Outcome(int number, List<RankRow> ran, List<Failure> failures, List<String> notes) {
        public Outcome {
            ran = List.copyOf(ran);
            failures = List.copyOf(failures);
            notes = List.copyOf(notes);
        }
    }

    /**
     * A cell on one rank.
     *
     * @param type simple name of the value's class; empty without a value
     * @param value of the last expression, as text
     * @param png the value as a picture, if it is one
     * @param ended how: {@code done}, {@code failed}, {@code interrupted}
     */
    record RankRow(
            int rank,
            String role,
            String device,
            String type,
            Optional<String> value,
            Optional<byte[]> png,
            String ended,
            double millis) {}

    /**
     * A variable on one rank.
     *
     * @param shape of arrays, for people: {@code 2 × 3}
     * @param value the start of it; empty where the rank has none
     */
    record VariableRow(
            String name,
            String type,
            int rank,
            Optional<String> shape,
            Optional<String> elementType,
            String device,
            OptionalLong numBytes,
            Optional<String> value) {}

    /** A fetched value. */
    record PulledRow(int rank, String type, List<Integer> shape, Object value, String text) {}

    /** A cell whose text does not compile. */
    final class MistakenCell extends RuntimeException {

        private final transient List<CompiledCell.SourceError> errors;

        public MistakenCell(List<CompiledCell.SourceError> errors, boolean ranBefore) {
            this(
                    "the cell does not compile",
                    errors,
                    ranBefore ? "the statements before it have run" : "nothing was run");
        }

        private MistakenCell(String what, List<CompiledCell.SourceError> errors, String remains) {
            super(what + ": " + errors.get(0).summary()
                    + (errors.size() > 1 ? " (and " + (errors.size() - 1) + " more)" : "") + "; " + remains);
            this.errors = List.copyOf(errors);
        }

        /** A text that the notebook's own Java rejects, be it what a cell of workers is to run there as well. */
        public static MistakenCell ofTheNotebook(List<CompiledCell.SourceError> errors) {
            return new MistakenCell(
                    "in the notebook: this does not compile there", errors, "the statements before it have run");
        }

        public List<CompiledCell.SourceError> errors() {
            return errors;
        }
    }
}
