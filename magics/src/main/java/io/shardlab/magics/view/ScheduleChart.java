package io.shardlab.magics.view;

import io.shardlab.plan.Action;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Schedule;
import io.shardlab.plan.Words;
import io.shardlab.trace.Span;
import io.shardlab.trace.Timeline;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The passes of a schedule as boxes with the numbers of their micro-batches: a row per rank, time to the right. */
public final class ScheduleChart implements Chart {

    private static final int ROW = 34;
    private static final int LEFT = 58;
    private static final int TOP = 44;
    private static final int BOTTOM = 40;

    private final Schedule schedule;
    private final Timeline timeline;
    private final long units;

    /** Of a schedule and its simulation in units of time. */
    public ScheduleChart(Schedule schedule, Timeline timeline) {
        this.schedule = schedule;
        this.timeline = timeline;
        this.units = timeline.spans().stream().mapToLong(Span::endNanos).max().orElse(0);
    }

    @Override
    public String title() {
        return "Schedule " + schedule.name() + ", " + Words.counted(schedule.numRanks(), "rank") + ", "
                + Words.counted(schedule.numMicrobatches(), "micro-batch");
    }

    @Override
    public String text() {
        return title() + "\n" + io.shardlab.schedule.Grid.ofTimes(schedule)
                + "key: F forward  B backward, two units, or I of inputs and W of weights  -- goes on  . idle\n";
    }

    @Override
    public Optional<BufferedImage> draw() {
        if (units == 0) {
            return Optional.empty();
        }
        BufferedImage image =
                new BufferedImage(WIDTH, TOP + BOTTOM + ROW * schedule.numRanks(), BufferedImage.TYPE_INT_RGB);
        Graphics2D canvas = image.createGraphics();
        try {
            canvas.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            canvas.setColor(Color.WHITE);
            canvas.fillRect(0, 0, image.getWidth(), image.getHeight());
            canvas.setColor(Palette.INK);
            canvas.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
            centred(canvas, title(), WIDTH / 2, TOP - 18);
            canvas.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
            for (int rank = 0; rank < schedule.numRanks(); rank++) {
                drawRank(canvas, rank);
            }
            drawKey(canvas, image.getHeight() - BOTTOM / 2 + 8);
        } finally {
            canvas.dispose();
        }
        return Optional.of(image);
    }

    private int x(long time) {
        return LEFT + (int) Math.round((double) time / units * (WIDTH - LEFT - 16));
    }

    private void drawRank(Graphics2D canvas, int rank) {
        int top = TOP + rank * ROW;
        canvas.setColor(Palette.INK);
        canvas.drawString("rank " + rank, 14, top + ROW / 2 + 4);
        canvas.setColor(Palette.FAINT);
        canvas.fillRect(x(0), top + 3, x(units) - x(0), ROW - 6);
        for (Span span : timeline.ofRank(rank)) {
            if (Action.parse(span.label()) instanceof Action.Compute compute) {
                int left = x(span.startNanos());
                int width = x(span.endNanos()) - left;
                int chunk = compute.stage() / schedule.numRanks();
                canvas.setColor(colour(compute.pass(), chunk));
                canvas.fillRect(left, top + 3, Math.max(1, width - 1), ROW - 6);
                String number = String.valueOf(compute.microbatch());
                if (width > canvas.getFontMetrics().stringWidth(number) + 2) {
                    canvas.setColor(isDark(compute.pass(), chunk) ? Color.WHITE : Palette.INK);
                    centred(canvas, number, left + width / 2, top + ROW / 2 + 4);
                }
            }
        }
    }

    private static void centred(Graphics2D canvas, String text, int middle, int baseline) {
        canvas.drawString(text, middle - canvas.getFontMetrics().stringWidth(text) / 2, baseline);
    }

    /** Later chunks of a rank are darker. */
    private static Color colour(Pass pass, int chunk) {
        Color colour =
                switch (pass) {
                    case FORWARD -> Palette.SKY;
                    case BACKWARD, BACKWARD_INPUT -> Palette.GREEN;
                    case BACKWARD_WEIGHT -> Palette.YELLOW;
                };
        for (int i = 0; i < Math.min(chunk, 3); i++) {
            colour = colour.darker();
        }
        return colour;
    }

    private static boolean isDark(Pass pass, int chunk) {
        Color colour = colour(pass, chunk);
        return 0.3 * colour.getRed() + 0.6 * colour.getGreen() + 0.1 * colour.getBlue() < 115;
    }

    private void drawKey(Graphics2D canvas, int baseline) {
        boolean split = schedule.splitsBackward();
        List<Pass> passes = new ArrayList<>(List.of(Pass.FORWARD, Pass.BACKWARD));
        if (split) {
            passes.add(Pass.BACKWARD_WEIGHT);
        }
        int left = LEFT;
        for (Pass pass : passes) {
            String word =
                    switch (pass) {
                        case FORWARD -> "forward";
                        case BACKWARD, BACKWARD_INPUT -> split ? "backward of inputs (or whole)" : "backward";
                        case BACKWARD_WEIGHT -> "gradients of weights";
                    };
            left = drawKeyEntry(canvas, left, baseline, colour(pass, 0), word);
        }
        left = drawKeyEntry(canvas, left, baseline, Palette.FAINT, "idle");
        if (schedule.numStages() > schedule.numRanks()) {
            canvas.drawString("darker: the rank's later stages", left, baseline);
        }
    }

    private static int drawKeyEntry(Graphics2D canvas, int left, int baseline, Color colour, String word) {
        canvas.setColor(colour);
        canvas.fillRect(left, baseline - 10, 12, 12);
        canvas.setColor(Palette.INK);
        canvas.drawString(word, left + 17, baseline);
        return left + 17 + canvas.getFontMetrics().stringWidth(word) + 20;
    }
}
