package io.shardlab.magics.view;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;

/**
 * Where the time of a step goes under each scheme, as a stack of causes; means over the ranks.
 *
 * @param unit what takes the time: {@code step}, {@code token}
 */
public record StepPartsChart(String subject, String unit, List<Stack> stacks) implements Chart {

    private static final int TEXT_WIDTH = 50;

    /** The causes in the order of the stack. */
    public enum Cause {
        COMPUTE("computing", '#', Palette.BLUE),
        COMMUNICATION("communication", '%', Palette.ORANGE),
        IDLE("idle: bubble, imbalance, latency", '.', Palette.PALE_YELLOW),
        OTHER("optimizer and other", 'o', Palette.PURPLE);

        private final String word;
        private final char letter;
        private final Color colour;

        Cause(String word, char letter, Color colour) {
            this.word = word;
            this.letter = letter;
            this.colour = colour;
        }
    }

    /** One scheme. */
    public record Stack(String scheme, Map<Cause, Double> millis) {
        public Stack {
            millis = Map.copyOf(millis);
        }

        double total() {
            return millis.values().stream().mapToDouble(Double::doubleValue).sum();
        }

        double of(Cause cause) {
            return millis.getOrDefault(cause, 0.0);
        }
    }

    public StepPartsChart {
        stacks = List.copyOf(stacks);
    }

    public StepPartsChart(String subject, List<Stack> stacks) {
        this(subject, "step", stacks);
    }

    /** The same for the tokens of a generation. */
    public static StepPartsChart ofTokens(String subject, List<Stack> stacks) {
        return new StepPartsChart(subject, "token", stacks);
    }

    @Override
    public String title() {
        return "Where a " + unit + "'s time goes, " + subject;
    }

    private boolean shows(Cause cause) {
        return stacks.stream().anyMatch(stack -> stack.of(cause) > 0);
    }

    @Override
    public String text() {
        StringBuilder text = new StringBuilder(title()).append(" (ms)\n");
        double most = stacks.stream().mapToDouble(Stack::total).max().orElse(1);
        int widest =
                stacks.stream().mapToInt(stack -> stack.scheme().length()).max().orElse(1);
        for (Stack stack : stacks) {
            StringBuilder bar = new StringBuilder();
            double end = 0;
            for (Cause cause : Cause.values()) {
                end += stack.of(cause);
                long length = Math.round(TEXT_WIDTH * end / Math.max(most, 1e-9)) - bar.length();
                bar.append(String.valueOf(cause.letter).repeat((int) Math.max(0, length)));
            }
            text.append(String.format(
                    Locale.ROOT, "%-" + widest + "s %s %s%n", stack.scheme(), bar, Figures.decimal(stack.total(), 1)));
        }
        return text.append(Arrays.stream(Cause.values())
                        .filter(this::shows)
                        .map(cause -> cause.letter + " " + cause.word)
                        .collect(Collectors.joining("   ")))
                .append('\n')
                .toString();
    }

    @Override
    public Optional<BufferedImage> draw() {
        if (stacks.isEmpty()) {
            return Optional.empty();
        }
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title())
                .xAxisTitle("scheme")
                .yAxisTitle("ms of a " + unit + ", mean over ranks")
                .build();
        Palette.dress(chart.getStyler());
        chart.getStyler().setStacked(true);
        chart.getStyler().setYAxisMin(0.0);
        chart.getStyler()
                .setYAxisMax(
                        1.05 * stacks.stream().mapToDouble(Stack::total).max().orElse(1));
        chart.getStyler().setAvailableSpaceFill(stacks.size() < 4 ? 0.35 : 0.6);
        List<String> schemes = stacks.stream().map(Stack::scheme).toList();
        for (Cause cause : Cause.values()) {
            if (shows(cause)) {
                CategorySeries series = chart.addSeries(
                        cause.word,
                        schemes,
                        stacks.stream().map(stack -> stack.of(cause)).toList());
                series.setFillColor(cause.colour);
                series.setLineColor(cause.colour);
            }
        }
        return chart.getSeriesCollection().isEmpty()
                ? Optional.empty()
                : Optional.of(BitmapEncoder.getBufferedImage(chart));
    }
}
