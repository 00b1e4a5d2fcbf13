package io.shardlab.mesh;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What joins a rank to the others: one outgoing line.
 *
 * @param bytesPerSecond a message occupies the line for its bytes divided by this
 * @param latencyNanos from a message's last byte leaving to its arrival
 */
public record Link(double bytesPerSecond, long latencyNanos) {

    private static final double LEAST_BYTES_PER_SECOND = 1e5;
    private static final double MOST_BYTES_PER_SECOND = 1e13;
    private static final long MOST_LATENCY_NANOS = 1_000_000_000;

    private static final Pattern RATE = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,6})?) ?([kKMGT]?)(B|bit|b)(?:/s|ps)");
    private static final Pattern DELAY = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,6})?) ?(ns|us|µs|μs|ms|s)");
    private static final Map<String, Double> PREFIXES =
            Map.of("", 1.0, "k", 1e3, "K", 1e3, "M", 1e6, "G", 1e9, "T", 1e12);
    private static final Map<String, Double> NANOS =
            Map.of("ns", 1.0, "us", 1e3, "µs", 1e3, "μs", 1e3, "ms", 1e6, "s", 1e9);

    public Link {
        if (!(bytesPerSecond >= LEAST_BYTES_PER_SECOND && bytesPerSecond <= MOST_BYTES_PER_SECOND)) {
            throw new IllegalArgumentException(
                    "the rate " + rateText(bytesPerSecond) + " must be from 100 kB/s to 10 TB/s");
        }
        if (latencyNanos < 0 || latencyNanos > MOST_LATENCY_NANOS) {
            throw new IllegalArgumentException("the delay " + delayText(latencyNanos) + " must be at most 1 s");
        }
    }

    /** Reads a rate and, after a comma, a delay: {@code 10GB/s,20us}, {@code 100Mbit/s,1ms}; without one it is 0. */
    public static Link parse(String text) {
        String[] parts = text.split(",", -1);
        if (parts.length > 2) {
            throw new IllegalArgumentException("'" + text + "' must be a rate and a delay such as 10GB/s,20us");
        }
        return new Link(rate(parts[0].strip()), parts.length == 1 ? 0 : delay(parts[1].strip()));
    }

    private static double rate(String text) {
        Matcher matcher = RATE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("the rate '" + text
                    + "' must be a number with kB/s, MB/s, GB/s or TB/s, or with kbit/s, Mbit/s, Gbit/s or Tbit/s");
        }
        double units = Double.parseDouble(matcher.group(1)) * PREFIXES.getOrDefault(matcher.group(2), 1.0);
        return matcher.group(3).equals("B") ? units : units / 8;
    }

    private static long delay(String text) {
        Matcher matcher = DELAY.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("the delay '" + text + "' must be a number with ns, us, ms or s");
        }
        return Math.round(Double.parseDouble(matcher.group(1)) * NANOS.getOrDefault(matcher.group(2), 1.0));
    }

    /** How long a message occupies the line. */
    public long occupiedNanos(long bytes) {
        return Math.round(bytes / bytesPerSecond * 1e9);
    }

    /** {@code 10 GB/s, 20 µs}. */
    @Override
    public String toString() {
        return rateText(bytesPerSecond) + ", " + delayText(latencyNanos);
    }

    private static String rateText(double rate) {
        return scaled(rate, new double[] {1e12, 1e9, 1e6, 1e3}, new String[] {"TB/s", "GB/s", "MB/s", "kB/s"}, "B/s");
    }

    private static String delayText(long nanos) {
        return scaled(nanos, new double[] {1e9, 1e6, 1e3}, new String[] {"s", "ms", "µs"}, nanos == 0 ? "µs" : "ns");
    }

    private static String scaled(double value, double[] units, String[] names, String smallest) {
        for (int i = 0; i < units.length; i++) {
            if (value >= units[i]) {
                return number(value / units[i]) + " " + names[i];
            }
        }
        return number(value) + " " + smallest;
    }

    private static String number(double value) {
        String text = String.format(Locale.ROOT, "%.3f", value);
        return text.replaceFirst("\\.?0+$", "");
    }
}
