package io.shardlab.magics.view;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.HeatMapChart;
import org.knowm.xchart.HeatMapChartBuilder;

/**
 * Bytes from rank to rank as a heat map: senders from top to bottom, receivers from left to right.
 *
 * @param bytes one row per sender, one column per receiver
 */
public record TrafficChart(String subject, List<List<Long>> bytes) implements Chart {

    private static final double MEGABYTE = 1048576.0;
    private static final int MOST_WITH_FIGURES = 8;
    private static final int CELL_WIDTH = 8;
    private static final int LEGEND_WEIGHT = 12;
    private static final int LEAST_SPACING = 10;

    public TrafficChart {
        bytes = bytes.stream().map(List::copyOf).toList();
    }

    @Override
    public String title() {
        return "Bytes from rank to rank, " + subject;
    }

    private long most() {
        return bytes.stream()
                .flatMap(List::stream)
                .mapToLong(Long::longValue)
                .max()
                .orElse(0);
    }

    /** The most megabytes, rounded up to what the scale can say in one digit behind the point. */
    double topOfScale() {
        return Math.ceil(most() / MEGABYTE * 10) / 10;
    }

    @Override
    public String text() {
        StringBuilder text = new StringBuilder(title()).append(" (MB)\n").append("from \\ to");
        for (int to = 0; to < bytes.size(); to++) {
            text.append(String.format(Locale.ROOT, "%" + CELL_WIDTH + "d", to));
        }
        for (int from = 0; from < bytes.size(); from++) {
            text.append(String.format(Locale.ROOT, "%n%9d", from));
            for (int to = 0; to < bytes.size(); to++) {
                String figure =
                        from == to ? "·" : Figures.decimal(bytes.get(from).get(to) / MEGABYTE, 1);
                text.append(String.format(Locale.ROOT, "%" + CELL_WIDTH + "s", figure));
            }
        }
        return text.append('\n').toString();
    }

    @Override
    public Optional<BufferedImage> draw() {
        int size = bytes.size();
        if (size < 2 || most() == 0) {
            return Optional.empty();
        }
        HeatMapChart chart = new HeatMapChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title() + " (MB)")
                .xAxisTitle("to rank")
                .yAxisTitle("from rank")
                .build();
        Palette.dress(chart.getStyler());
        // Light enough for the figures on them.
        chart.getStyler().setRangeColors(new Color[] {Color.WHITE, Palette.SKY});
        chart.getStyler().setMin(0).setMax(topOfScale());
        chart.getStyler().setDrawBorder(true).setShowValue(size <= MOST_WITH_FIGURES);
        chart.getStyler().setHeatMapValueDecimalPattern("0.0");
        chart.getStyler().setGradientColorColumnWeight(LEGEND_WEIGHT);
        // Every rank has its label.
        chart.getStyler().setXAxisTickMarkSpacingHint(LEAST_SPACING).setYAxisTickMarkSpacingHint(LEAST_SPACING);
        // The axis grows upwards; rank 0 stands on top, as in the table.
        List<String> senders = new ArrayList<>(
                IntStream.range(0, size).mapToObj(String::valueOf).toList());
        List<String> receivers = List.copyOf(senders);
        Collections.reverse(senders);
        List<Number[]> cells = new ArrayList<>();
        for (int from = 0; from < size; from++) {
            for (int to = 0; to < size; to++) {
                if (from != to) { // Nobody sends to itself: no figure, as in the text.
                    cells.add(new Number[] {to, size - 1 - from, bytes.get(from).get(to) / MEGABYTE});
                }
            }
        }
        chart.addSeries("MB", receivers, senders, cells);
        return Optional.of(BitmapEncoder.getBufferedImage(chart));
    }
}
