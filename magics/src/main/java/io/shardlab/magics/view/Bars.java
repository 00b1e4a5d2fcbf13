package io.shardlab.magics.view;

import java.awt.Color;
import java.util.List;
import java.util.Locale;

/**
 * Bars inside tables, made of block characters: readable as plain text, and where a page takes colours away. Stateless; any
 * thread.
 */
public final class Bars {

    private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

    private Bars() {}

    /**
     * A part of a bar.
     *
     * @param colour as HTML writes it
     * @param share of the full width, 0 to 1
     */
    public record Part(String colour, double share) {
        public Part {
            share = Double.isFinite(share) ? Math.max(0, Math.min(1, share)) : 0;
        }

        static Part of(Color colour, double share) {
            return new Part(hex(colour), share);
        }
    }

    static String hex(Color colour) {
        return String.format(Locale.ROOT, "#%06X", colour.getRGB() & 0xFFFFFF);
    }

    /** One part of the usual colour. */
    public static List<Part> plain(double share) {
        return List.of(Part.of(Palette.BLUE, share));
    }

    /** A part that warns: of something that is nearly used up. */
    public static List<Part> used(double share) {
        return List.of(Part.of(share > 0.9 ? Palette.VERMILION : Palette.BLUE, share));
    }

    static String text(List<Part> parts, int width) {
        return blocks(parts.stream().mapToDouble(Part::share).sum() * width);
    }

    static String html(List<Part> parts, int width) {
        StringBuilder html = new StringBuilder();
        double end = 0;
        int drawn = 0;
        for (int i = 0; i < parts.size(); i++) {
            end += parts.get(i).share() * width;
            boolean last = i == parts.size() - 1;
            // Parts meet at whole characters, so that no gap opens between them.
            String blocks = last ? blocks(end - drawn) : "█".repeat((int) Math.max(0, Math.round(end) - drawn));
            drawn += blocks.length();
            if (!blocks.isEmpty()) {
                html.append(Html.coloured(parts.get(i).colour(), blocks));
            }
        }
        return html.toString();
    }

    /** Whole blocks and a rest in eighths; something that is not nothing shows. */
    private static String blocks(double length) {
        long eighths = length > 0 ? Math.max(1, Math.round(length * 8)) : 0;
        String rest = eighths % 8 == 0 ? "" : String.valueOf(EIGHTHS.charAt((int) (eighths % 8)));
        return "█".repeat((int) (eighths / 8)) + rest;
    }
}
