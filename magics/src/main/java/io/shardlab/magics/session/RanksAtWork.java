package io.shardlab.magics.session;

import io.shardlab.magics.backend.RankList;
import io.shardlab.magics.backend.Workers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What each busy rank is doing, in one line: {@code rank 0 in backward 0B1 step 3, ranks 1–3 in all_reduce 0B1 step 3}. */
final class RanksAtWork {

    private static final int MOST = 4;

    private RanksAtWork() {}

    static String of(List<Workers.StatusRow> rows) {
        Map<String, List<Integer>> doing = new LinkedHashMap<>();
        for (Workers.StatusRow row : rows) {
            if (row.state().equals("busy") || row.state().equals("stopped")) {
                String what = row.state().equals("stopped") ? "halted by a signal in " : "in ";
                doing.computeIfAbsent(what + row.lastAction(), key -> new ArrayList<>())
                        .add(row.rank());
            }
        }
        List<String> parts = new ArrayList<>();
        doing.forEach((what, ranks) -> parts.add(RankList.text(ranks) + " " + what));
        int more = parts.size() - MOST;
        return more <= 0
                ? String.join(", ", parts)
                : String.join(", ", parts.subList(0, MOST)) + ", others elsewhere (`%shard status`)";
    }
}
