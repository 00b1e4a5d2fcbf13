package io.shardlab.schedule;

/** A schedule that cannot run: one line says why, then the schedule is drawn with the offending cells marked {@code >…<}. */
public final class ScheduleException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final String problem;
    private final String picture;

    ScheduleException(String problem, Grid grid) {
        super(problem + "\n" + grid);
        this.problem = problem;
        this.picture = grid.toString();
    }

    /** The line that says why. */
    public String problem() {
        return problem;
    }

    /** The schedule, with the offending cells marked. */
    public String picture() {
        return picture;
    }
}
