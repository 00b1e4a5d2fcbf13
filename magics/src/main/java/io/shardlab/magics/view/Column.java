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

    boolean rightAligned();

    String shown(R row);

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
        public boolean rightAligned() {
            return true;
        }

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
        public boolean rightAligned() {
            return true;
        }

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
        public boolean rightAligned() {
            return true;
        }

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
