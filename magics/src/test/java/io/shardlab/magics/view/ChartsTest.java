package io.shardlab.magics.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.session.FakePlans;
import io.shardlab.plan.LossFunction;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import io.shardlab.trace.Timeline;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code -Dcharts.folder=/tmp/charts} keeps the pictures to look at. */
class ChartsTest {

    private static Plan plan(Scheme scheme, String rule) {
        return FakePlans.tiny(scheme, new Plan.Workload(8, 128, 4), rule);
    }

    static Stream<Chart> charts() {
        List<StepMetrics> few = metrics(20);
        List<StepMetrics> many = metrics(400);
        List<MemoryUse> memory = new ArrayList<>();
        for (int rank = 0; rank < 4; rank++) {
            memory.add(new MemoryUse(
                    rank,
                    Map.of(
                            MemoryCategory.WEIGHTS, 40L << 20,
                            MemoryCategory.GRADIENTS, 40L << 20,
                            MemoryCategory.OPTIMIZER, 80L << 20,
                            MemoryCategory.ACTIVATIONS, (60L - 12 * rank) << 20,
                            MemoryCategory.COMMUNICATION, 6L << 20,
                            MemoryCategory.HEAP, 24L << 20,
                            MemoryCategory.OTHER, 120L << 20)));
        }
        return Stream.of(
                StepsChart.loss("tiny under tp=2", LossFunction.CROSS_ENTROPY, few),
                StepsChart.loss("tiny under tp=2, long", LossFunction.L2, many),
                StepsChart.throughput("tiny under tp=2", "tokens", few),
                new MemoryChart("tiny under pp=4", memory),
                new SchemesChart(
                        "tiny",
                        "tokens",
                        List.of(
                                new SchemesChart.Bar(
                                        "single", 24_000, OptionalDouble.of(300), OptionalDouble.of(23_500)),
                                new SchemesChart.Bar(
                                        "naive=2", 22_100, OptionalDouble.of(900), OptionalDouble.of(21_000)),
                                new SchemesChart.Bar("tp=2", 33_000, OptionalDouble.of(700), OptionalDouble.of(36_000)),
                                new SchemesChart.Bar(
                                        "pp=2,m=8", 39_500, OptionalDouble.of(500), OptionalDouble.of(41_200)))),
                new SchemesChart(
                        "tiny, nothing predicted",
                        "samples",
                        List.of(new SchemesChart.Bar(
                                "single", 24_000, OptionalDouble.of(300), OptionalDouble.empty()))),
                new StepPartsChart(
                        "tiny",
                        List.of(
                                new StepPartsChart.Stack(
                                        "single",
                                        Map.of(StepPartsChart.Cause.COMPUTE, 40.0, StepPartsChart.Cause.OTHER, 2.0)),
                                new StepPartsChart.Stack(
                                        "tp=2",
                                        Map.of(
                                                StepPartsChart.Cause.COMPUTE,
                                                21.0,
                                                StepPartsChart.Cause.COMMUNICATION,
                                                8.0,
                                                StepPartsChart.Cause.OTHER,
                                                1.0)),
                                new StepPartsChart.Stack(
                                        "pp=2,m=8",
                                        Map.of(
                                                StepPartsChart.Cause.COMPUTE,
                                                21.5,
                                                StepPartsChart.Cause.COMMUNICATION,
                                                0.8,
                                                StepPartsChart.Cause.IDLE,
                                                4.0,
                                                StepPartsChart.Cause.OTHER,
                                                1.0)))),
                new TrafficChart(
                        "tp=2,pp=2",
                        List.of(
                                List.of(0L, 40L << 20, 12L << 20, 0L),
                                List.of(40L << 20, 0L, 0L, 12L << 20),
                                List.of(12L << 20, 0L, 0L, 40L << 20),
                                List.of(0L, 12L << 20, 40L << 20, 0L))),
                new MemoryChart("tiny under single", memory.subList(0, 1)),
                new GanttChart("step 19, pp=2", FakePlans.timeline(plan(Scheme.pp(2), "1f1b"), 19, false)),
                new GanttChart("step 19, pp=4", FakePlans.timeline(plan(Scheme.pp(4), "gpipe"), 19, true)),
                new GanttChart(
                        "step 19, tp=2,pp=2",
                        FakePlans.timeline(plan(Scheme.pp(2).withTp(2), "1f1b"), 19, false)),
                new GanttChart("step 19, single", FakePlans.timeline(plan(Scheme.SINGLE, "1f1b"), 19, false)));
    }

    private static List<StepMetrics> metrics(int steps) {
        List<StepMetrics> metrics = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            double loss = 2 + 3.5 * Math.exp(-step / 6.0) + 0.05 * Math.sin(step * 1.7);
            double millis = 40 + (step * 7) % 5;
            metrics.add(new StepMetrics(step, loss, 1, 1e-3, millis, 1024 * 1000 / millis));
        }
        return metrics;
    }

    @ParameterizedTest
    @MethodSource("charts")
    void aChartIsAPictureWithSomethingOnItAndATwinInText(Chart chart) throws IOException {
        List<String> complaints = new ArrayList<>();
        byte[] png = new Pictures(complaints::add).png(chart).orElseThrow(() -> new AssertionError(complaints));
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        Set<Integer> colours = new HashSet<>();
        for (int x = 0; x < image.getWidth(); x += 2) {
            for (int y = 0; y < image.getHeight(); y += 2) {
                colours.add(image.getRGB(x, y));
            }
        }
        assertTrue(colours.size() > 10, "blank: " + colours.size() + " colours");
        assertTrue(png.length < 60_000, "bytes: " + png.length);
        assertTrue(chart.text().startsWith(chart.title()));
        String folder = System.getProperty("charts.folder");
        if (folder != null) {
            Path target = Files.createDirectories(Path.of(folder));
            String name = chart.title().replaceAll("[^A-Za-z0-9]+", "-");
            Files.write(target.resolve(name + ".png"), png);
            Files.writeString(target.resolve(name + ".txt"), chart.text());
        }
    }

    @Test
    void whereNothingCanBeDrawnItIsSaidOnceAndNeverTriedAgain() {
        List<String> complaints = new ArrayList<>();
        Pictures pictures = new Pictures(complaints::add);
        List<String> tried = new ArrayList<>();
        Chart broken = new Chart() {
            @Override
            public String title() {
                return "broken";
            }

            @Override
            public String text() {
                return "broken";
            }

            @Override
            public Optional<BufferedImage> draw() {
                tried.add("draw");
                throw new InternalError("no fonts");
            }
        };
        assertEquals(Optional.empty(), pictures.png(broken));
        assertEquals(Optional.empty(), pictures.png(broken));
        assertEquals(1, complaints.size());
        assertEquals(1, tried.size());
    }

    @Test
    void nothingToDrawIsNoPicture() {
        List<String> complaints = new ArrayList<>();
        Pictures pictures = new Pictures(complaints::add);
        assertTrue(pictures.png(new MemoryChart("nothing", List.of())).isEmpty());
        assertTrue(pictures.png(new GanttChart("nothing", new Timeline(false, 2, List.of())))
                .isEmpty());
        assertTrue(pictures.png(StepsChart.loss(
                        "nothing", LossFunction.CROSS_ENTROPY, List.of(new StepMetrics(0, Double.NaN, 0, 0, 1, 1))))
                .isEmpty());
        assertEquals(List.of(), complaints);
    }

    @Test
    void theTextGanttShowsThePipelineFillAndDrain() {
        String text = new GanttChart("pp=2", FakePlans.timeline(plan(Scheme.pp(2), "gpipe"), 0, true)).text();
        List<String> rows =
                text.lines().filter(line -> line.startsWith("rank ")).toList();
        assertEquals(2, rows.size());
        assertTrue(rows.get(0).startsWith("rank 0  │F"), text);
        assertTrue(rows.get(1).startsWith("rank 1  │~"), "the second stage waits first:\n" + text);
    }

    @Test
    void aPlanIsDrawnAsProgramAndSchedule() {
        PlanPicture picture = new PlanPicture(plan(Scheme.pp(2).withTp(2), "1f1b"));
        assertEquals(
                """
                stage 0 on pp=0: layers 0–3
                  │ embed_tokens
                  ┆ copy over tp  (backward: all_reduce)
                  │ layers.0.mlp  [split over tp=2]
                  ╪ all_reduce over tp  (backward: copy)
                  ⋮ and so on to layers.3
                stage 1 on pp=1: layers 4–7
                  ┆ copy over tp  (backward: all_reduce)
                  │ layers.4.mlp  [split over tp=2]
                  ╪ all_reduce over tp  (backward: copy)
                  ⋮ and so on to layers.7
                  │ head
                """,
                picture.stages());
        assertEquals(
                """
                schedule 1f1b, 4 micro-batches, held at most: pp=0 2, pp=1 1
                pp=0  │ 0F0 0F1 0B0 0F2 0B1 0F3 0B2 0B3
                pp=1  │ 1F0 1B0 1F1 1B1 1F2 1B2 1F3 1B3
                """,
                picture.schedule());
        assertEquals("", new PlanPicture(plan(Scheme.SINGLE, "1f1b")).schedule());
    }

    @Test
    void sparklinesShowShapeAndGaps() {
        assertEquals("█▅▁", Sparkline.of(new double[] {3, 2, 1}, 10));
        assertEquals("▁ █", Sparkline.of(new double[] {1, Double.NaN, 2}, 10));
        assertEquals(5, Sparkline.of(new double[1000], 5).length());
        assertEquals("███░░░ 5/10", Sparkline.bar(5, 10, 6));
        assertFalse(Sparkline.of(new double[0], 5).length() > 0);
    }

    /** The scale said 3.000457763671875. */
    @Test
    void theTopOfATrafficScaleHasOneDigitBehindThePoint() {
        List<List<Long>> bytes = List.of(List.of(0L, 3_146_208L), List.of(17L, 0L));
        assertEquals("3.1", String.valueOf(new TrafficChart("test", bytes).topOfScale()));
    }
}
