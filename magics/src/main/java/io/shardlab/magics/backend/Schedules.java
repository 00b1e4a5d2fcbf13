package io.shardlab.magics.backend;

import io.shardlab.magics.command.WorkloadChoice;
import io.shardlab.plan.Schedule;
import io.shardlab.schedule.GivenSchedule;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleCheck;
import io.shardlab.schedule.ScheduleRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The schedules that plans may name: the rules, and those that somebody wrote in this session. Any thread. */
public final class Schedules {

    private final Map<String, GivenSchedule> written = new LinkedHashMap<>();

    /**
     * Keeps a schedule under a name; one of that name that was written before is replaced.
     *
     * @throws io.shardlab.schedule.ScheduleException where it cannot run, with a picture
     */
    public synchronized void write(String name, String text) {
        if (!name.matches("[A-Za-z][A-Za-z0-9._-]{0,39}") || ScheduleRule.NAMES.contains(name)) {
            throw new IllegalArgumentException("schedule name '" + name
                    + "' must be 1 to 40 letters, digits, dots, dashes or underscores, start with a letter and not be one of "
                    + String.join(", ", ScheduleRule.NAMES));
        }
        Schedule parsed = Schedule.parse(text);
        GivenSchedule given =
                new GivenSchedule(new Schedule(name, parsed.numStages(), parsed.numMicrobatches(), parsed.actions()));
        ScheduleCheck.check(Lowering.complete(ScheduleCheck.checkPasses(given.written()), 1));
        written.put(name, given);
    }

    public synchronized Optional<GivenSchedule> own(String name) {
        return Optional.ofNullable(written.get(name));
    }

    /** Refuses a name that is neither a rule's nor one of ours. */
    public synchronized void require(String name) {
        List<String> names = new ArrayList<>(ScheduleRule.NAMES);
        names.addAll(written.keySet());
        WorkloadChoice.requireSchedule(name, names);
    }

    /** With the micro-batches that a written schedule was made for, where the user named it and said no number. */
    public synchronized WorkloadChoice completed(WorkloadChoice choice) {
        return choice.microbatches().isPresent()
                ? choice
                : choice.schedule()
                        .map(written::get)
                        .map(given -> choice.withMicrobatches(given.written().numMicrobatches()))
                        .orElse(choice);
    }

    /**
     * The rule or written schedule of that name.
     *
     * @param chunks stages per rank; 1 also stands for as many as a written schedule has
     */
    public synchronized ScheduleRule rule(String name, int chunks) {
        require(name);
        GivenSchedule own = written.get(name);
        if (own == null) {
            return ScheduleRule.named(name, chunks);
        }
        return chunks == 1 ? own : own.requireChunks(chunks);
    }
}
