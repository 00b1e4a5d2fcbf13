package io.shardlab.schedule;

import io.shardlab.plan.Action;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Replay;
import io.shardlab.plan.Schedule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A schedule as a picture: a row per rank, a column per position or per unit of time. */
public record Grid(List<List<String>> rows) {

    private static final String IDLE = ".";
    private static final String CONTINUED = "--";

    public Grid {
        rows = rows.stream().map(List::copyOf).toList();
    }

    /** Every action in its position, transfers included. */
    public static Grid ofPositions(Schedule schedule) {
        return new Grid(schedule.actions().stream()
                .map(actions -> actions.stream().map(Action::toString).toList())
                .toList());
    }

    /**
     * The passes over time, where F, I and W take one unit, B two and transfers none: {@code B0 --} is a backward, {@code .}
     * is idle time. The stage is written only where a rank has several.
     */
    public static Grid ofTimes(Schedule schedule) {
        Replay replay = Replay.of(schedule, compute -> compute.pass() == Pass.BACKWARD ? 2 : 1);
        boolean chunked = schedule.numStages() > schedule.numRanks();
        List<List<String>> rows = new ArrayList<>();
        for (int rank = 0; rank < schedule.numRanks(); rank++) {
            List<String> row = new ArrayList<>(Collections.nCopies((int) replay.passEnd(), IDLE));
            List<Replay.Interval> intervals = replay.intervals().get(rank);
            for (int i = 0; i < intervals.size(); i++) {
                if (schedule.actions().get(rank).get(i) instanceof Action.Compute compute) {
                    int start = (int) intervals.get(i).start();
                    Collections.fill(row.subList(start, (int) intervals.get(i).end()), CONTINUED);
                    row.set(start, chunked ? compute.toString() : compute.pass().letter() + compute.microbatch());
                }
            }
            rows.add(row);
        }
        return new Grid(rows);
    }

    /** The same picture with one cell marked as {@code >cell<}. */
    Grid marking(int rank, int position) {
        List<List<String>> marked = new ArrayList<>(rows);
        List<String> row = new ArrayList<>(rows.get(rank));
        row.set(position, ">" + row.get(position) + "<");
        marked.set(rank, row);
        return new Grid(marked);
    }

    @Override
    public String toString() {
        int numColumns = rows.stream().mapToInt(List::size).max().orElse(0);
        StringBuilder picture = new StringBuilder();
        for (int rank = 0; rank < rows.size(); rank++) {
            StringBuilder line = new StringBuilder("rank " + rank + " |");
            for (int column = 0; column < numColumns; column++) {
                String cell = column < rows.get(rank).size() ? rows.get(rank).get(column) : "";
                line.append(' ').append(cell).append(" ".repeat(width(column) - cell.length()));
            }
            picture.append(line.toString().stripTrailing()).append('\n');
        }
        return picture.toString();
    }

    private int width(int column) {
        return rows.stream()
                .filter(row -> column < row.size())
                .mapToInt(row -> row.get(column).length())
                .max()
                .orElse(0);
    }
}
