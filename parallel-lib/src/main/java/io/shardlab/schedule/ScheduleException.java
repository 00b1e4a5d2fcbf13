package io.shardlab.schedule;

/** A schedule that cannot run: one line says why, then the schedule is drawn with the offending cells marked {@code >…<}. */
public final class ScheduleException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    ScheduleException(String problem, Grid grid) {
        super(problem + "\n" + grid);
    }
}
