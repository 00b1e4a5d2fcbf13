package io.shardlab.magics.session;

import io.shardlab.magics.session.NotebookPort.Content;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.Html;
import io.shardlab.magics.view.Sparkline;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A run while it runs, in one display: bar, loss, speed, memory. Heard from any thread, drawn by the screen's writer only, and
 * changed into the final tables at its end.
 */
final class LiveTraining implements Progress, Screen.Live {

    private static final int BAR = 30;
    private static final int CURVE = 40;
    private static final double SMOOTHING = 8;

    private final int totalSteps;
    private final Throttle throttle;
    private final List<StepMetrics> metrics = new ArrayList<>();
    private final Map<Integer, Long> memory = new TreeMap<>();
    private String phase = "preparing";
    private boolean changed;
    private boolean atOnce;
    private NotebookPort.@Nullable Display display;
    private @Nullable Content last;

    LiveTraining(int totalSteps, LongSupplier nanos) {
        this.totalSteps = totalSteps;
        this.throttle = new Throttle(nanos);
    }

    @Override
    public synchronized void step(StepMetrics step) {
        metrics.add(step);
        phase = "training";
        changed = true;
    }

    @Override
    public synchronized void memory(MemoryUse use) {
        memory.put(use.rank(), use.totalBytes());
        changed = true;
    }

    @Override
    public synchronized void progress(String what, long done, long total) {
        phase = what + " " + Sparkline.bar(done, total, 10);
        changed = true;
    }

    /** Has something shown before anything is heard, so that the display stands in this cell. */
    synchronized void begin() {
        changed = true;
        atOnce = true;
    }

    @Override
    public synchronized boolean atOnce() {
        return atOnce;
    }

    /** What takes the display's place when the run is over. */
    synchronized void conclude(Content content) {
        last = content;
    }

    @Override
    public void tick(NotebookPort port) {
        if (port.interactive() && hasChanged() && throttle.due()) {
            show(port, snapshot());
        }
    }

    @Override
    public void end(NotebookPort port) {
        Content content = conclusion();
        if (content != null) {
            show(port, content);
        }
    }

    private synchronized @Nullable Content conclusion() {
        return last;
    }

    private synchronized boolean hasChanged() {
        return changed;
    }

    private void show(NotebookPort port, Content content) {
        NotebookPort.Display shown = display;
        if (shown == null) {
            display = port.display(content);
        } else {
            shown.update(content);
        }
    }

    private synchronized Content snapshot() {
        changed = false;
        List<String> lines = new ArrayList<>();
        lines.add(Sparkline.bar(metrics.size(), totalSteps, BAR) + " steps, " + phase);
        if (!metrics.isEmpty()) {
            double[] losses = metrics.stream().mapToDouble(StepMetrics::loss).toArray();
            lines.add("loss " + Figures.decimal(losses[losses.length - 1], 4) + "  " + Sparkline.of(losses, CURVE));
            lines.add(Figures.decimal(recent(StepMetrics::tokensPerSecond), 0) + " tokens/s, "
                    + Figures.decimal(recent(StepMetrics::stepMillis), 1) + " ms per step");
        }
        if (!memory.isEmpty()) {
            List<String> ranks = new ArrayList<>();
            memory.forEach((rank, bytes) -> ranks.add("rank " + rank + " " + Figures.bytes(bytes)));
            lines.add("memory " + String.join(", ", ranks));
        }
        String text = String.join("\n", lines) + "\n";
        return Content.of(Html.preformatted(text), text);
    }

    private double recent(java.util.function.ToDoubleFunction<StepMetrics> figure) {
        return metrics.stream()
                .skip((long) Math.max(0, metrics.size() - SMOOTHING))
                .mapToDouble(figure)
                .average()
                .orElse(0);
    }
}
