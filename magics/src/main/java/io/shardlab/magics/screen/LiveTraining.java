package io.shardlab.magics.screen;

import io.shardlab.magics.backend.Progress;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Sparkline;
import io.shardlab.plan.Plan;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/** A run while it runs: bar, loss, speed, memory; the final tables at its end. Heard from any thread. */
public final class LiveTraining extends LiveDisplay implements Progress {

    private static final int BAR = 30;
    private static final int CURVE = 40;
    private static final double SMOOTHING = 8;

    private final int totalSteps;
    private final List<StepMetrics> metrics = new ArrayList<>();
    private final Map<Integer, Long> memory = new TreeMap<>();
    private String phase = "preparing";
    private String unit = "tokens";
    private boolean atOnce;

    public LiveTraining(int totalSteps, LongSupplier nanos) {
        super(nanos);
        this.totalSteps = totalSteps;
    }

    @Override
    public synchronized void begins(Plan plan) {
        unit = plan.unit();
    }

    @Override
    public synchronized void step(StepMetrics step) {
        metrics.add(step);
        phase = "training";
        changed();
    }

    @Override
    public synchronized void memory(MemoryUse use) {
        memory.put(use.rank(), use.totalBytes());
        changed();
    }

    @Override
    public synchronized void progress(String what, long done, long total) {
        phase = what + " " + Sparkline.bar(done, total, 10);
        changed();
    }

    /** Has something shown before anything is heard, so that the display stands in this cell. */
    public synchronized void begin() {
        changed();
        atOnce = true;
    }

    @Override
    public synchronized boolean atOnce() {
        return atOnce;
    }

    @Override
    protected Content now() {
        List<String> lines = new ArrayList<>();
        lines.add(Sparkline.bar(metrics.size(), totalSteps, BAR) + " steps, " + phase);
        if (!metrics.isEmpty()) {
            double[] losses = metrics.stream().mapToDouble(StepMetrics::loss).toArray();
            lines.add("loss " + Figures.decimal(losses[losses.length - 1], 4) + "  " + Sparkline.of(losses, CURVE));
            lines.add(Figures.decimal(recent(StepMetrics::tokensPerSecond), 0) + " " + unit + "/s, "
                    + Figures.decimal(recent(StepMetrics::stepMillis), 1) + " ms per step");
        }
        if (!memory.isEmpty()) {
            List<String> ranks = new ArrayList<>();
            memory.forEach((rank, bytes) -> ranks.add("rank " + rank + " " + Figures.bytes(bytes)));
            lines.add("memory " + String.join(", ", ranks));
        }
        String text = String.join("\n", lines) + "\n";
        return Content.preformatted(text);
    }

    private double recent(ToDoubleFunction<StepMetrics> figure) {
        return metrics.stream()
                .skip((long) Math.max(0, metrics.size() - SMOOTHING))
                .mapToDouble(figure)
                .average()
                .orElse(0);
    }
}
