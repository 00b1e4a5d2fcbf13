package io.shardlab.run;

import io.shardlab.trace.Span;
import java.util.ArrayList;
import java.util.List;

/** Notes what one rank does: as spans of the current step, as counted traffic (by the groups themselves), and on the rank's status page. */
final class Recorder {

    private final int rank;
    private final StatusPage page;
    private final TrafficCount traffic = new TrafficCount();
    private List<Span> spans = new ArrayList<>();
    private int step = -1;
    private String outerPhase = "";
    private String outerAction = "";

    Recorder(int rank, StatusPage page) {
        this.rank = rank;
        this.page = page;
    }

    /** Forgets everything, before the next request. */
    void clear() {
        traffic.begin();
        spans = new ArrayList<>();
        step = -1;
    }

    void startStep(int number) {
        step = number;
        spans = new ArrayList<>();
    }

    void enter(String phase, String action) {
        outerPhase = phase;
        outerAction = action;
        page.enter(phase, action, step);
    }

    /** Notes a collective inside what was entered last; {@link #resume} follows. */
    void enterWithin(String phase, String action) {
        page.enter(phase, action, step);
    }

    /** Notes that the collective is over: whoever dies now dies in the pass around it. */
    void resume() {
        page.enter(outerPhase, outerAction, step);
    }

    /** Does something on the way out of a failure; the page then names again what failed. */
    void aside(Runnable work) {
        StatusPage.Note failed = page.read();
        work.run();
        page.enter(failed.phase(), failed.action(), failed.step());
    }

    /** Ends a span that began at {@code startNanos}. */
    void span(Span.Kind kind, String label, long startNanos, long bytes) {
        spans.add(new Span(rank, Math.max(step, 0), kind, label, startNanos, System.nanoTime(), bytes));
    }

    List<Span> spans() {
        return spans;
    }

    TrafficCount traffic() {
        return traffic;
    }
}
