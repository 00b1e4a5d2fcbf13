package io.shardlab.magics.view;

import java.util.Locale;

/** Numbers as people read them. */
public final class Figures {

    private static final int EXACT_DECIMALS = 6;

    /** From so many decimals on, as losses and learning rates have, every digit tells something. */
    private static final int TELLING_DECIMALS = 4;

    private Figures() {}

    /**
     * So many decimals, thousands set apart; huge numbers in scientific notation, and tiny ones where four or more decimals are
     * asked for. A tiny percentage or size is 0.0.
     */
    public static String decimal(double value, int decimals) {
        if (!Double.isFinite(value)) {
            return String.valueOf(value);
        }
        boolean tiny = value != 0 && Math.abs(value) < 0.5 * Math.pow(10, -decimals);
        if (tiny && decimals < TELLING_DECIMALS) {
            return decimal(0, decimals); // Without the sign of what is rounded away.
        }
        if (tiny || Math.abs(value) >= 1e12) {
            return String.format(Locale.ROOT, "%.1e", value);
        }
        if (value == 0 && decimals >= EXACT_DECIMALS) {
            return "0"; // where so many decimals are shown, nothing at all is news
        }
        return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }

    /** 512 B, 1.5 MB, 2.0 GB. */
    public static String bytes(long bytes) {
        String[] units = {"B", "kB", "MB", "GB", "TB"};
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }

    /** 950, 12.3k, 4.5M. */
    public static String count(long count) {
        if (count < 10_000) {
            return String.valueOf(count);
        }
        String[] units = {"k", "M", "G", "T"};
        double value = count / 1000.0;
        int unit = 0;
        while (value >= 1000 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f%s", value, units[unit]);
    }
}
