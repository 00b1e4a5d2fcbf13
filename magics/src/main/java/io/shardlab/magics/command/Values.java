package io.shardlab.magics.command;

import io.shardlab.mesh.Link;
import io.shardlab.mesh.Selection;
import io.shardlab.tensor.TensorType;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;

/** How the values of flags are read. Messages continue "--flag value …". */
final class Values {

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})([kmgt]?)b?");
    private static final Pattern TIME =
            Pattern.compile("(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m(?:in)?)?(?:([0-9]{1,9})s)?");
    private static final int MOST = 1_000_000_000;

    private Values() {}

    /** A whole number of at least 1. */
    static final class Count implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return whole(text, 1);
        }
    }

    /** A whole number of at least 0. */
    static final class CountOrZero implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return whole(text, 0);
        }
    }

    /** A seed: a whole number of at least 0. */
    static final class Seed implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            if (!text.matches("[0-9]{1,18}")) {
                throw new IllegalArgumentException("must be a whole number from 0 to 999999999999999999");
            }
            return Long.valueOf(text);
        }
    }

    /** A finite decimal number of at least 0. */
    static final class Decimal implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            return decimal(text);
        }
    }

    /** A decimal number of at least 0 and below 1. */
    static final class Share implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            double value = decimal(text);
            if (value >= 1) {
                throw new IllegalArgumentException("must be below 1");
            }
            return value;
        }
    }

    /** A size such as {@code 128m}. */
    static final class Size implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return bytes(text);
        }
    }

    /** A time such as {@code 30s}. */
    static final class Time implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            return time(text);
        }
    }

    /** A link such as {@code 10GB/s,20us}. */
    static final class Line implements ITypeConverter<Link> {
        @Override
        public Link convert(String text) {
            return Link.parse(text);
        }
    }

    /** Some ranks. */
    static final class Ranks implements ITypeConverter<Selection> {
        @Override
        public Selection convert(String text) {
            try {
                return Selection.parse(text);
            } catch (IllegalArgumentException refused) {
                throw new Told(refused.getMessage() + Nearest.guess(text, List.of("last-stage", "all")));
            }
        }
    }

    /** A refusal that quotes the value itself. */
    static final class Told extends IllegalArgumentException {
        Told(String message) {
            super(message);
        }
    }

    /** {@code float32} or {@code float64}. */
    static final class Type implements ITypeConverter<TensorType> {
        @Override
        public TensorType convert(String text) {
            return TensorType.parse(choice(text, List.of("float32", "float64")));
        }
    }

    private static int whole(String text, int least) {
        if (!text.matches("[+-]?[0-9]{1,12}")) {
            throw new IllegalArgumentException("must be a whole number of at least " + least);
        }
        long value = Long.parseLong(text);
        if (value < least) {
            throw new IllegalArgumentException("must be at least " + least);
        }
        if (value > MOST) {
            throw new IllegalArgumentException("must be at most " + MOST);
        }
        return (int) value;
    }

    static double decimal(String text) {
        if (!text.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?")) {
            throw new IllegalArgumentException("must be a number such as 0.001 or 1e-3");
        }
        double value = Double.parseDouble(text);
        if (value < 0 || !Double.isFinite(value)) {
            throw new IllegalArgumentException("must be a finite number of at least 0");
        }
        return value;
    }

    /** A time such as {@code 90s}, {@code 30m}, {@code 1h30m}; at most a year. */
    static Duration time(String text) {
        Matcher matcher = TIME.matcher(text.toLowerCase(Locale.ROOT));
        if (text.isEmpty() || !matcher.matches()) {
            throw new IllegalArgumentException("must be a time such as 30s, 5m or 1h30m");
        }
        Duration time = Duration.ofDays(part(matcher.group(1)))
                .plusHours(part(matcher.group(2)))
                .plusMinutes(part(matcher.group(3)))
                .plusSeconds(part(matcher.group(4)));
        if (time.isZero()) {
            throw new IllegalArgumentException("must be more than 0 s");
        }
        if (time.compareTo(Duration.ofDays(366)) > 0) {
            throw new IllegalArgumentException("must be at most a year");
        }
        return time;
    }

    private static long part(@Nullable String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }

    static long bytes(String text) {
        Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException("must be a size such as 128m or 1g");
        }
        long unit = 1L << (10 * " kmgt".indexOf(matcher.group(2).isEmpty() ? " " : matcher.group(2)));
        long number = Long.parseLong(matcher.group(1));
        if (number == 0) {
            throw new IllegalArgumentException("must be more than 0 bytes");
        }
        if (number > (1L << 50) / unit) {
            throw new IllegalArgumentException("must be at most 1024t");
        }
        return number * unit;
    }

    /** The text itself, if it is one of the allowed. */
    static String choice(String text, List<String> allowed) {
        if (!allowed.contains(text)) {
            throw new IllegalArgumentException(
                    "must be one of " + String.join(", ", allowed) + Nearest.guess(text, allowed));
        }
        return text;
    }

    /** The same for a flag read as plain text. */
    static String choice(String flag, String text, List<String> allowed) {
        try {
            return choice(text, allowed);
        } catch (IllegalArgumentException refused) {
            throw new IllegalArgumentException(flag + " " + text + " " + refused.getMessage(), refused);
        }
    }

    static IllegalArgumentException later(String token, String what) {
        return new IllegalArgumentException(token + " is not there yet: " + what + " comes later; nothing was started");
    }

    static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException notAPath) {
            throw new IllegalArgumentException("'" + text + "' is not a file name: " + notAPath.getReason(), notAPath);
        }
    }

    /** A folder's name, absolute or seen from where the notebook runs. */
    static Path folder(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("the name of the folder is empty");
        }
        return path(text);
    }

    static OptionalInt optional(@Nullable Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    static OptionalLong optional(@Nullable Long value) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    static OptionalDouble optional(@Nullable Double value) {
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    static <T> Optional<T> optional(@Nullable T value) {
        return Optional.ofNullable(value);
    }
}
