package io.shardlab.magics.view;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;

/** Throughput of each scheme as a bar, measured beside predicted, with the spread between runs. */
public record SchemesChart(String subject, String unit, List<Bar> bars) implements Chart {

    private static final int TEXT_WIDTH = 40;

    /**
     * One scheme.
     *
     * @param tokensPerSecond measured, the median
     * @param spread half the difference between the fastest and the slowest run; empty after a single one
     * @param predicted before it ran
     */
    public record Bar(String scheme, double tokensPerSecond, OptionalDouble spread, OptionalDouble predicted) {}

    public SchemesChart {
        bars = List.copyOf(bars);
    }

    @Override
    public String title() {
        return "Throughput by scheme, " + subject;
    }

    @Override
    public String text() {
        StringBuilder text = new StringBuilder(title()).append(" (" + unit + "/s)\n");
        double most = bars.stream().mapToDouble(Bar::tokensPerSecond).max().orElse(1);
        int widest = bars.stream().mapToInt(bar -> bar.scheme().length()).max().orElse(1);
        for (Bar bar : bars) {
            int length = (int) Math.round(TEXT_WIDTH * bar.tokensPerSecond() / Math.max(most, 1e-9));
            text.append(String.format(
                    Locale.ROOT,
                    "%-" + widest + "s %s %s%s%s%n",
                    bar.scheme(),
                    "█".repeat(Math.max(1, length)),
                    Figures.decimal(bar.tokensPerSecond(), 0),
                    bar.spread().isPresent()
                            ? " ± " + Figures.decimal(bar.spread().getAsDouble(), 0)
                            : "",
                    bar.predicted().isPresent()
                            ? ", predicted " + Figures.decimal(bar.predicted().getAsDouble(), 0)
                            : ""));
        }
        return text.toString();
    }

    private double highest() {
        return bars.stream()
                .mapToDouble(bar -> Math.max(
                        bar.tokensPerSecond() + bar.spread().orElse(0),
                        bar.predicted().orElse(0)))
                .max()
                .orElse(1);
    }

    @Override
    public Optional<BufferedImage> draw() {
        if (bars.isEmpty()) {
            return Optional.empty();
        }
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title())
                .xAxisTitle("scheme")
                .yAxisTitle(unit + "/s")
                .build();
        Palette.dress(chart.getStyler());
        chart.getStyler().setAvailableSpaceFill(bars.size() < 3 ? 0.35 : 0.7);
        chart.getStyler().setYAxisDecimalPattern("#,##0");
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler().setYAxisMax(1.05 * highest());
        chart.getStyler().setErrorBarsColor(Palette.INK);
        List<String> schemes = bars.stream().map(Bar::scheme).toList();
        List<Double> measured = new ArrayList<>();
        List<Double> spreads = new ArrayList<>();
        boolean spread = bars.stream().anyMatch(bar -> bar.spread().isPresent());
        for (Bar bar : bars) {
            measured.add(bar.tokensPerSecond());
            spreads.add(bar.spread().orElse(0));
        }
        CategorySeries series = spread
                ? chart.addSeries("measured, with spread", schemes, measured, spreads)
                : chart.addSeries("measured", schemes, measured);
        series.setFillColor(Palette.BLUE);
        series.setLineColor(Palette.BLUE);
        if (bars.stream().allMatch(bar -> bar.predicted().isPresent())) {
            CategorySeries predicted = chart.addSeries(
                    "predicted",
                    schemes,
                    bars.stream().map(bar -> bar.predicted().orElse(0)).toList());
            predicted.setFillColor(Palette.GREY);
            predicted.setLineColor(Palette.GREY);
        }
        return Optional.of(BitmapEncoder.getBufferedImage(chart));
    }
}
