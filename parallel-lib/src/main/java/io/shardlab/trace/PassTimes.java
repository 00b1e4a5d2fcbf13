package io.shardlab.trace;

import io.shardlab.mesh.Coordinates;
import io.shardlab.mesh.Mesh;
import io.shardlab.plan.Action;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Replay;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;

/**
 * The mean times of a timeline: of each stage's passes, of handing a message over, of a message on its way.
 *
 * <p>A message's way is only seen where its receiver was already waiting; the median over those is taken, so one late
 * receiver does not count as a slow link.
 */
record PassTimes(Map<StagePass, Long> passNanos, long sendNanos, long transferNanos) implements Replay.Costs {

    record StagePass(int stage, Pass pass) {}

    /** One message, as sender and receiver see it; of one step and one line of pipeline ranks. */
    private record Message(int step, int data, int tensor, Action.Send send) {}

    static PassTimes of(Timeline timeline, Mesh mesh) {
        Map<StagePass, LongSummaryStatistics> passes = new HashMap<>();
        List<Span> sends = new ArrayList<>();
        List<Span> receives = new ArrayList<>();
        for (Span span : timeline.spans()) {
            if (span.kind() == Span.Kind.SEND) {
                sends.add(span);
            } else if (span.kind() == Span.Kind.RECEIVE) {
                receives.add(span);
            } else if (Timeline.isPass(span)
                    && Bubble.isAction(span.label())
                    && Action.parse(span.label()) instanceof Action.Compute compute) {
                passes.computeIfAbsent(
                                new StagePass(compute.stage(), compute.pass()), key -> new LongSummaryStatistics())
                        .accept(span.nanos());
            }
        }
        Map<StagePass, Long> means = new HashMap<>();
        passes.forEach((stagePass, times) -> means.put(stagePass, Math.round(times.getAverage())));
        long sendNanos =
                Math.round(sends.stream().mapToLong(Span::nanos).average().orElse(0));
        return new PassTimes(Map.copyOf(means), sendNanos, medianTransfer(sends, receives, mesh));
    }

    private static long medianTransfer(List<Span> sends, List<Span> receives, Mesh mesh) {
        Map<Message, Span> sent = new HashMap<>();
        for (Span span : sends) {
            if (Bubble.isAction(span.label()) && Action.parse(span.label()) instanceof Action.Send send) {
                sent.put(message(span, send, mesh), span);
            }
        }
        List<Long> times = new ArrayList<>();
        for (Span span : receives) {
            if (Bubble.isAction(span.label()) && Action.parse(span.label()) instanceof Action.Receive receive) {
                Span from = sent.get(message(span, receive.send(), mesh));
                if (from != null && span.startNanos() <= from.startNanos()) {
                    times.add(Math.max(0, span.endNanos() - from.endNanos()));
                }
            }
        }
        long[] sorted = times.stream().mapToLong(Long::longValue).sorted().toArray();
        return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    private static Message message(Span span, Action.Send send, Mesh mesh) {
        Coordinates at = mesh.coordinates(span.rank());
        return new Message(span.step(), at.data(), at.tensor(), send);
    }

    PassTimes withoutLatency() {
        return new PassTimes(passNanos, 0, 0);
    }

    /** Every stage as fast as the average one, pass by pass. */
    PassTimes equalised() {
        Map<StagePass, Long> equal = new HashMap<>();
        for (Pass pass : Pass.values()) {
            double mean = passNanos.entrySet().stream()
                    .filter(entry -> entry.getKey().pass() == pass)
                    .mapToLong(Map.Entry::getValue)
                    .average()
                    .orElse(0);
            passNanos.keySet().stream()
                    .filter(key -> key.pass() == pass)
                    .forEach(key -> equal.put(key, Math.round(mean)));
        }
        return new PassTimes(Map.copyOf(equal), sendNanos, transferNanos);
    }

    @Override
    public long compute(Action.Compute action) {
        return passNanos.getOrDefault(new StagePass(action.stage(), action.pass()), 0L);
    }

    @Override
    public long send(Action.Send action) {
        return sendNanos;
    }

    @Override
    public long transfer(Action.Send action) {
        return transferNanos;
    }
}
