package io.shardlab.magics.view;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;

/**
 * One column of a {@link Grid}: the name that cells rely on, the heading that people read, and how both are filled. What is
 * unknown is missing in the table and a dash on screen.
 */
public sealed interface Column<R> {

    String UNKNOWN = "–";

    /** Name in the Tablesaw table. */
    String name();

    /** Words with units. */
    String heading();

    /** As numbers are. */
    default boolean rightAligned() {
        return true;
    }

    String shown(R row);

    /** What a cell of an HTML table holds. */
    default String html(R row) {
        return Html.escape(shown(row));
    }

    /** The colour that stands for this column in bars beside it. */
    default Optional<String> colour() {
        return Optional.empty();
    }

    /** Whether it is a column of the data. */
    default boolean inTable() {
        return true;
    }

    /** Whether people see it. */
    default boolean onScreen() {
        return true;
    }

    tech.tablesaw.columns.Column<?> column(List<R> rows);

    static <R> Column<R> text(String name, String heading, Function<R, String> value) {
        return new Text<>(name, heading, row -> Optional.of(value.apply(row)));
    }

    static <R> Column<R> optionalText(String name, String heading, Function<R, Optional<String>> value) {
        return new Text<>(name, heading, value);
    }

    static <R> Column<R> integer(String name, String heading, ToIntFunction<R> value) {
        return new Int<>(name, heading, value);
    }

    static <R> Column<R> whole(String name, String heading, Function<R, OptionalLong> value) {
        return new Whole<>(name, heading, true, value);
    }

    /** A number that only names something: a process, a port. */
    static <R> Column<R> identifier(String name, String heading, ToLongFunction<R> value) {
        return new Whole<>(name, heading, false, row -> OptionalLong.of(value.applyAsLong(row)));
    }

    static <R> Column<R> number(String name, String heading, int decimals, ToDoubleFunction<R> value) {
        return new Number<>(name, heading, decimals, row -> OptionalDouble.of(value.applyAsDouble(row)));
    }

    static <R> Column<R> optionalNumber(String name, String heading, int decimals, Function<R, OptionalDouble> value) {
        return new Number<>(name, heading, decimals, value);
    }

    /** Bytes as megabytes (2^20). */
    static <R> Column<R> megabytes(String name, String heading, Function<R, OptionalLong> bytes) {
        return new Number<>(name, heading, 1, row -> {
            OptionalLong value = bytes.apply(row);
            return value.isPresent() ? OptionalDouble.of(value.getAsLong() / 1048576.0) : OptionalDouble.empty();
        });
    }

    /** A bar of one or more parts, for the eye only. */
    static <R> Column<R> bar(String heading, int width, Function<R, List<Bars.Part>> parts) {
        return new Bar<>(heading, width, parts);
    }

    /** For cells that compute, too much for people who read. */
    static <R> Column<R> dataOnly(Column<R> column) {
        return new DataOnly<>(column);
    }

    /** With the colour of its part in bars. */
    static <R> Column<R> coloured(Column<R> column, String colour) {
        return new Coloured<>(column, colour);
    }

    /** See {@link #bar}. */
    record Bar<R>(String heading, int width, Function<R, List<Bars.Part>> parts) implements Column<R> {
        @Override
        public String name() {
            return "";
        }

        @Override
        public boolean rightAligned() {
            return false;
        }

        @Override
        public boolean inTable() {
            return false;
        }

        @Override
        public String shown(R row) {
            return Bars.text(parts.apply(row), width);
        }

        @Override
        public String html(R row) {
            return Bars.html(parts.apply(row), width);
        }

        @Override
        public tech.tablesaw.columns.Column<?> column(List<R> rows) {
            throw new UnsupportedOperationException("a bar is no data");
        }
    }

    /** Another column, but for something about how it is shown. */
    sealed interface Decorated<R> extends Column<R> {

        Column<R> column();

        @Override
        default String name() {
            return column().name();
        }

        @Override
        default String heading() {
            return column().heading();
        }

        @Override
        default boolean rightAligned() {
            return column().rightAligned();
        }

        @Override
        default String shown(R row) {
            return column().shown(row);
        }

        @Override
        default tech.tablesaw.columns.Column<?> column(List<R> rows) {
            return column().column(rows);
        }
    }

    /** See {@link #dataOnly}. */
    record DataOnly<R>(Column<R> column) implements Decorated<R> {
        @Override
        public boolean onScreen() {
            return false;
        }
    }

    /** See {@link #coloured}. */
    record Coloured<R>(Column<R> column, String hex) implements Decorated<R> {
        @Override
        public Optional<String> colour() {
            return Optional.of(hex);
        }
    }

    /** Words. */
    record Text<R>(String name, String heading, Function<R, Optional<String>> value) implements Column<R> {
        @Override
        public boolean rightAligned() {
            return false;
        }

        @Override
        public String shown(R row) {
            return value.apply(row).filter(text -> !text.isEmpty()).orElse(UNKNOWN);
        }

        @Override
        public tech.tablesaw.columns.Column<?> column(List<R> rows) {
            StringColumn column = StringColumn.create(name);
            for (R row : rows) {
                value.apply(row).ifPresentOrElse(column::append, column::appendMissing);
            }
            return column;
        }
    }

    /** A whole number that is always known. */
    record Int<R>(String name, String heading, ToIntFunction<R> value) implements Column<R> {
        @Override
        public String shown(R row) {
            return String.valueOf(value.applyAsInt(row));
        }

        @Override
        public tech.tablesaw.columns.Column<?> column(List<R> rows) {
            IntColumn column = IntColumn.create(name);
            rows.forEach(row -> column.append(value.applyAsInt(row)));
            return column;
        }
    }

    /** A large whole number. */
    record Whole<R>(String name, String heading, boolean grouped, Function<R, OptionalLong> value)
            implements Column<R> {
        @Override
        public String shown(R row) {
            OptionalLong known = value.apply(row);
            return known.isPresent() ? String.format(Locale.ROOT, grouped ? "%,d" : "%d", known.getAsLong()) : UNKNOWN;
        }

        @Override
        public tech.tablesaw.columns.Column<?> column(List<R> rows) {
            LongColumn column = LongColumn.create(name);
            for (R row : rows) {
                value.apply(row).ifPresentOrElse(column::append, column::appendMissing);
            }
            return column;
        }
    }

    /** A decimal number. */
    record Number<R>(String name, String heading, int decimals, Function<R, OptionalDouble> value)
            implements Column<R> {
        @Override
        public String shown(R row) {
            OptionalDouble known = value.apply(row);
            return known.isPresent() ? Figures.decimal(known.getAsDouble(), decimals) : UNKNOWN;
        }

        @Override
        public tech.tablesaw.columns.Column<?> column(List<R> rows) {
            DoubleColumn column = DoubleColumn.create(name);
            for (R row : rows) {
                value.apply(row).ifPresentOrElse(column::append, column::appendMissing);
            }
            return column;
        }
    }
}
