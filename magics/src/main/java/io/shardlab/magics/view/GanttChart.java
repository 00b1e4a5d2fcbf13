package io.shardlab.magics.view;

import io.shardlab.trace.Span;
import io.shardlab.trace.Timeline;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** What each rank did when, in one step: a bar per rank, idle time light. */
public final class GanttChart implements Chart {

    private static final int TEXT_WIDTH = 72;
    private static final int LABELLED = 60;
    private static final double MARGIN = 0.05;

    private final String title;
    private final int numRanks;
    private final List<Span> spans;
    private final long start;
    private final long end;

    public GanttChart(String subject, Timeline timeline) {
        this.title = (timeline.predicted() ? "Predicted timeline, " : "Measured timeline, ") + subject;
        this.numRanks = timeline.numRanks();
        this.spans = timeline.spans();
        this.start = spans.stream().mapToLong(Span::startNanos).min().orElse(0);
        this.end = spans.stream().mapToLong(Span::endNanos).max().orElse(0);
    }

    /** What people tell apart; later ones are drawn over earlier ones, as collectives lie inside passes. */
    private enum Look {
        IDLE("idle", '·', Palette.IDLE),
        FORWARD("forward", 'F', Palette.SKY),
        BACKWARD("backward", 'B', Palette.GREEN),
        WEIGHTS("weights", 'W', Palette.YELLOW),
        OPTIMIZER("optimizer", 'O', Palette.PURPLE),
        COMMUNICATION("communication", '#', Palette.ORANGE),
        WAITING("waiting for a message", '~', Palette.PALE_YELLOW);

        private final String word;
        private final char letter;
        private final Color colour;

        Look(String word, char letter, Color colour) {
            this.word = word;
            this.letter = letter;
            this.colour = colour;
        }

        static Look of(Span.Kind kind) {
            return switch (kind) {
                case FORWARD -> FORWARD;
                case BACKWARD -> BACKWARD;
                case BACKWARD_WEIGHT -> WEIGHTS;
                case OPTIMIZER -> OPTIMIZER;
                case COLLECTIVE, DATA_SYNC, SEND -> COMMUNICATION;
                case RECEIVE -> WAITING;
            };
        }
    }

    @Override
    public String title() {
        return title;
    }

    /** A row of letters per rank; each stands for what filled most of its slice of time. */
    @Override
    public String text() {
        StringBuilder text =
                new StringBuilder(title).append(" (").append(milliseconds(end)).append(" ms)\n");
        for (int rank = 0; rank < numRanks; rank++) {
            text.append(String.format(Locale.ROOT, "rank %-3d│", rank))
                    .append(row(rank))
                    .append("│\n");
        }
        StringBuilder key = new StringBuilder("key: ");
        for (Look look : Look.values()) {
            key.append(look.letter).append(' ').append(look.word).append("  ");
        }
        return text.append(key.toString().strip()).append('\n').toString();
    }

    private String row(int rank) {
        char[] row = new char[TEXT_WIDTH];
        double slice = Math.max(1.0, (double) (end - start) / TEXT_WIDTH);
        for (int i = 0; i < TEXT_WIDTH; i++) {
            double from = start + i * slice;
            Map<Look, Double> shares = new EnumMap<>(Look.class);
            for (Span span : spans) {
                double overlap = Math.min(span.endNanos(), from + slice) - Math.max(span.startNanos(), from);
                if (span.rank() == rank && overlap > 0) {
                    shares.merge(Look.of(span.kind()), overlap, Double::sum);
                }
            }
            row[i] = Look.IDLE.letter;
            double most = 0.3 * slice;
            for (Map.Entry<Look, Double> share : shares.entrySet()) {
                if (share.getValue() >= most) {
                    most = share.getValue();
                    row[i] = share.getKey().letter;
                }
            }
        }
        return new String(row);
    }

    private String milliseconds(long nanos) {
        return String.format(Locale.ROOT, "%.1f", (nanos - start) / 1e6);
    }

    @Override
    public Optional<BufferedImage> draw() {
        if (spans.isEmpty() || end == start) {
            return Optional.empty();
        }
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(Math.min(1000, 170 + 52 * Math.max(2, numRanks)))
                .title(title)
                .xAxisTitle("time in the step (ms)")
                .yAxisTitle("rank")
                .build();
        Palette.dress(chart.getStyler());
        chart.getStyler().setDefaultSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.PolygonArea);
        chart.getStyler().setPlotGridHorizontalLinesVisible(false);
        chart.getStyler().setYAxisMin(-0.6);
        chart.getStyler().setYAxisMax(numRanks - 0.4);
        chart.getStyler().setXAxisMin(-MARGIN * (end - start) / 1e6);
        chart.getStyler().setXAxisMax((end - start) / 1e6);
        chart.getStyler().setYAxisTicksVisible(false);
        Map<Look, Bars> bars = new EnumMap<>(Look.class);
        for (int rank = 0; rank < numRanks; rank++) {
            bars.computeIfAbsent(Look.IDLE, look -> new Bars()).add(0, (end - start) / 1e6, row(numRanks, rank), 0.4);
        }
        for (Span span : spans) {
            Look look = Look.of(span.kind());
            double half = look == Look.COMMUNICATION ? 0.26 : 0.4;
            bars.computeIfAbsent(look, key -> new Bars())
                    .add(
                            (span.startNanos() - start) / 1e6,
                            (span.endNanos() - start) / 1e6,
                            row(numRanks, span.rank()),
                            half);
        }
        bars.forEach((look, drawn) -> drawn.addTo(chart, look));
        label(chart);
        return Optional.of(BitmapEncoder.getBufferedImage(chart));
    }

    /** Rank 0 on top. */
    private static double row(int numRanks, int rank) {
        return numRanks - 1.0 - rank;
    }

    /** Ranks are labelled by hand: the axis puts its ticks where it likes, between ranks too. */
    private void label(XYChart chart) {
        chart.getStyler().setAnnotationTextFontColor(Palette.INK);
        chart.getStyler().setAnnotationTextFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
        for (int rank = 0; rank < numRanks; rank++) {
            chart.addAnnotation(new AnnotationText(
                    String.valueOf(rank), -MARGIN / 2 * (end - start) / 1e6, row(numRanks, rank), false));
        }
        List<Span> passes = spans.stream()
                .filter(span -> span.kind().isPass())
                .filter(span -> span.nanos() > (end - start) / 28)
                .toList();
        if (passes.size() <= LABELLED) {
            for (Span span : passes) {
                chart.addAnnotation(new AnnotationText(
                        span.label(),
                        ((span.startNanos() + span.endNanos()) / 2.0 - start) / 1e6,
                        row(numRanks, span.rank()) + 0.27,
                        false));
            }
        }
    }

    /** Corners of many rectangles in one series, apart by a gap. */
    private static final class Bars {
        private final List<Double> x = new ArrayList<>();
        private final List<Double> y = new ArrayList<>();

        void add(double from, double to, double middle, double half) {
            x.addAll(List.of(from, to, to, from, from, from));
            y.addAll(List.of(middle - half, middle - half, middle + half, middle + half, middle - half, Double.NaN));
        }

        void addTo(XYChart chart, Look look) {
            XYSeries series = chart.addSeries(look.word, x, y);
            series.setFillColor(look.colour);
            series.setLineColor(look.colour);
            series.setLineStyle(new BasicStroke(0.5f));
            series.setMarker(SeriesMarkers.NONE);
        }
    }
}
