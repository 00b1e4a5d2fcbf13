package io.shardlab.magics.local;

import io.shardlab.cost.CommunicationEstimate;
import io.shardlab.magics.backend.Runs;
import io.shardlab.plan.Plan;
import io.shardlab.run.Reply;
import io.shardlab.trace.PhaseTraffic;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;

/** Messages that ranks counted in a run. */
record CountedTraffic(List<Reply> replies) {

    /** Counted collectives of all ranks beside those the plan implies. */
    List<Runs.Traffic> beside(Plan plan) {
        Map<String, Reply.Traffic> counted = new TreeMap<>();
        long steps = 0;
        for (Reply reply : replies) {
            if (reply instanceof Reply.Trained trained) {
                steps = Math.max(steps, trained.stepsDone()); // a rank that the plan does not need has none
                trained.traffic().forEach((name, traffic) -> counted.merge(withoutPhase(name), traffic, Replies::plus));
            }
        }
        if (steps == 0) {
            return List.of();
        }
        Map<String, Reply.Traffic> expected = new TreeMap<>();
        for (PhaseTraffic traffic : CommunicationEstimate.of(plan).phases()) {
            String name = withoutPhase(traffic.heading());
            Reply.Traffic whole = new Reply.Traffic(traffic.count() * steps, traffic.bytes() * steps);
            expected.merge(name, whole, Replies::plus);
        }
        List<Runs.Traffic> rows = new ArrayList<>();
        TreeSet<String> names = new TreeSet<>(expected.keySet());
        names.addAll(counted.keySet());
        for (String name : names) {
            String[] parts = name.split(" ", 2);
            Optional<Reply.Traffic> wanted = Optional.ofNullable(expected.get(name));
            Optional<Reply.Traffic> found = Optional.ofNullable(counted.get(name));
            rows.add(new Runs.Traffic(
                    parts[0].toLowerCase(Locale.ROOT),
                    parts[1],
                    optional(wanted.map(Reply.Traffic::count)),
                    optional(wanted.map(Reply.Traffic::bytes)),
                    optional(found.map(Reply.Traffic::count)),
                    optional(found.map(Reply.Traffic::bytes))));
        }
        return rows;
    }

    /** Files tell axes and collectives apart, not phases. */
    private static String withoutPhase(String heading) {
        return heading.substring(heading.indexOf(' ') + 1);
    }

    private static OptionalLong optional(Optional<Long> value) {
        return value.map(OptionalLong::of).orElseGet(OptionalLong::empty);
    }
}
