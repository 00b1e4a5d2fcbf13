package io.shardlab.magics.view;

import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;

/** Memory of each rank as a stack of categories. */
public record MemoryChart(String subject, List<MemoryUse> uses) implements Chart {

    private static final double MEGABYTE = 1048576.0;

    public MemoryChart {
        uses = List.copyOf(uses);
    }

    private static Map<MemoryCategory, Color> colours() {
        Map<MemoryCategory, Color> colours = new EnumMap<>(MemoryCategory.class);
        colours.put(MemoryCategory.WEIGHTS, Palette.BLUE);
        colours.put(MemoryCategory.GRADIENTS, Palette.SKY);
        colours.put(MemoryCategory.OPTIMIZER, Palette.GREEN);
        colours.put(MemoryCategory.ACTIVATIONS, Palette.ORANGE);
        colours.put(MemoryCategory.COMMUNICATION, Palette.VERMILION);
        colours.put(MemoryCategory.KV_CACHE, Palette.PURPLE);
        colours.put(MemoryCategory.HEAP, Palette.YELLOW);
        colours.put(MemoryCategory.OTHER, Palette.GREY);
        return colours;
    }

    /** The colour of a category as HTML writes it, the same in charts and tables. */
    public static String colour(MemoryCategory category) {
        return Bars.hex(colours().getOrDefault(category, Palette.GREY));
    }

    private static String word(MemoryCategory category) {
        return category == MemoryCategory.KV_CACHE
                ? "KV cache"
                : category.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    @Override
    public String title() {
        return "Memory by rank, " + subject;
    }

    @Override
    public String text() {
        StringBuilder text = new StringBuilder(title()).append(" (MB)\n");
        long most = uses.stream().mapToLong(MemoryUse::totalBytes).max().orElse(1);
        for (MemoryUse use : uses) {
            int length = (int) Math.round(40.0 * use.totalBytes() / Math.max(1, most));
            text.append(String.format(
                    Locale.ROOT,
                    "rank %d %s %.1f%n",
                    use.rank(),
                    "█".repeat(Math.max(length, 1)),
                    use.totalBytes() / MEGABYTE));
        }
        return text.toString();
    }

    @Override
    public Optional<BufferedImage> draw() {
        if (uses.isEmpty()) {
            return Optional.empty();
        }
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title())
                .xAxisTitle("rank")
                .yAxisTitle("MB")
                .build();
        Palette.dress(chart.getStyler());
        chart.getStyler().setStacked(true);
        chart.getStyler().setAvailableSpaceFill(uses.size() < 4 ? 0.35 : 0.6);
        List<String> ranks =
                uses.stream().map(use -> String.valueOf(use.rank())).toList();
        colours().forEach((category, colour) -> {
            if (uses.stream().anyMatch(use -> use.bytes().getOrDefault(category, 0L) > 0)) {
                List<Double> megabytes = uses.stream()
                        .map(use -> use.bytes().getOrDefault(category, 0L) / MEGABYTE)
                        .toList();
                CategorySeries series = chart.addSeries(word(category), ranks, megabytes);
                series.setFillColor(colour);
                series.setLineColor(colour);
            }
        });
        return chart.getSeriesCollection().isEmpty()
                ? Optional.empty()
                : Optional.of(BitmapEncoder.getBufferedImage(chart));
    }
}
