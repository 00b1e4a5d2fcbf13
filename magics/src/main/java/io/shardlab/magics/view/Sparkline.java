package io.shardlab.magics.view;

import java.util.Locale;

/** A curve in one line of text: {@code ▇▅▄▃▂▂▁}. */
public final class Sparkline {

    private static final String LEVELS = "▁▂▃▄▅▆▇█";

    private Sparkline() {}

    /** At most {@code width} characters; longer series are averaged in equal slices. Numbers that are not finite are gaps. */
    public static String of(double[] values, int width) {
        int slots = Math.min(width, values.length);
        double[] means = new double[slots];
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (int slot = 0; slot < slots; slot++) {
            int from = (int) ((long) slot * values.length / slots);
            int to = (int) ((long) (slot + 1) * values.length / slots);
            double sum = 0;
            for (int i = from; i < to; i++) {
                sum += values[i];
            }
            means[slot] = sum / (to - from);
            if (Double.isFinite(means[slot])) {
                least = Math.min(least, means[slot]);
                most = Math.max(most, means[slot]);
            }
        }
        StringBuilder line = new StringBuilder();
        for (double mean : means) {
            line.append(Double.isFinite(mean) ? LEVELS.charAt(level(mean, least, most)) : ' ');
        }
        return line.toString();
    }

    private static int level(double value, double least, double most) {
        return most > least ? (int) Math.round((value - least) / (most - least) * 7) : 3;
    }

    /** The curve with its first and last value. */
    static String labelled(double[] values, int width) {
        if (values.length == 0) {
            return "no steps";
        }
        return String.format(Locale.ROOT, "%.4g %s %.4g", values[0], of(values, width), values[values.length - 1]);
    }

    /** A bar of progress: {@code ███████░░░ 7/10}. */
    public static String bar(long done, long total, int width) {
        int full = total <= 0 ? 0 : (int) Math.min(width, width * done / total);
        return "█".repeat(full) + "░".repeat(width - full) + " " + done + "/" + total;
    }
}
