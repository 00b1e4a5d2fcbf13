package io.shardlab.magics.view;

import io.shardlab.plan.LossFunction;
import io.shardlab.trace.StepMetrics;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** One figure of every training step, as a curve over the steps. */
public final class StepsChart implements Chart {

    private static final int FEW = 40;

    private final String title;
    private final String unit;
    private final Color colour;
    private final boolean fromZero;
    private final double[] steps;
    private final double[] values;

    private StepsChart(
            String title,
            String unit,
            Color colour,
            boolean fromZero,
            List<StepMetrics> metrics,
            ToDoubleFunction<StepMetrics> figure) {
        this.title = title;
        this.unit = unit;
        this.colour = colour;
        this.fromZero = fromZero;
        this.steps = metrics.stream().mapToDouble(StepMetrics::step).toArray();
        this.values = metrics.stream().mapToDouble(figure).toArray();
    }

    public static StepsChart loss(String subject, LossFunction function, List<StepMetrics> metrics) {
        String words =
                switch (function) {
                    case CROSS_ENTROPY -> "mean cross-entropy (nats)";
                    case L2 -> "half the mean squared difference";
                };
        return new StepsChart("Loss, " + subject, words, Palette.BLUE, false, metrics, StepMetrics::loss);
    }

    /**
     * @param unit what is counted, for instance {@code tokens}
     */
    public static StepsChart throughput(String subject, String unit, List<StepMetrics> metrics) {
        return new StepsChart(
                "Throughput, " + subject, unit + "/s", Palette.GREEN, true, metrics, StepMetrics::tokensPerSecond);
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public String text() {
        return title + " (" + unit + "): " + Sparkline.labelled(values, 60) + "\n";
    }

    @Override
    public Optional<BufferedImage> draw() {
        if (Arrays.stream(values).noneMatch(Double::isFinite)) {
            return Optional.empty();
        }
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("step")
                .yAxisTitle(unit)
                .build();
        Palette.dress(chart.getStyler());
        chart.getStyler().setLegendVisible(false);
        chart.getStyler().setMarkerSize(5);
        if (steps.length <= FEW / 2) { // else ticks are whole numbers by themselves, and better spaced
            chart.getStyler().setXAxisTickLabelsFormattingFunction(StepsChart::wholeSteps);
        } else {
            chart.getStyler().setXAxisDecimalPattern("#");
        }
        if (fromZero) {
            chart.getStyler().setYAxisMin(0.0);
        }
        double[] shown = Arrays.stream(values)
                .map(value -> Double.isFinite(value) ? value : Double.NaN)
                .toArray();
        XYSeries series = chart.addSeries(unit, places(), shown);
        series.setLineColor(colour);
        series.setLineStyle(new BasicStroke(2f));
        series.setMarker(steps.length <= FEW ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        series.setMarkerColor(colour);
        return Optional.of(BitmapEncoder.getBufferedImage(chart));
    }

    /** XChart labels evenly spaced values one by one until they overlap; a hair's breadth gives it round ticks instead. */
    private double[] places() {
        double[] places = steps.clone();
        if (places.length > FEW / 2) {
            places[places.length - 1] += 0.01;
        }
        return places;
    }

    private static String wholeSteps(double step) {
        return step == Math.rint(step) ? String.valueOf((long) step) : "";
    }
}
