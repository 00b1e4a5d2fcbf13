package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What can be asked for: one method per verb. Each shows its own output and returns its value. */
public interface Actions {

    Object up(UpOptions options);

    Object plan(PlanOptions options);

    Object place(PlanOptions options);

    Object train(TrainOptions options);

    /** Trains in the background. */
    Object start(TrainOptions options);

    Object save(Path folder);

    Object load(Path folder);

    Object infer(InferOptions options);

    Object check(CheckOptions options);

    Object compare(CompareOptions options);

    /** Compares schemes that continue a prompt. */
    Object compare(CompareOptions options, InferOptions generation);

    Object model(ModelOptions options);

    Object schedule(ScheduleOptions options);

    Object status();

    /** Shows the workers in place for a while. */
    Object top(Duration time);

    /** Lists runs. */
    Object jobs();

    /** Waits for a run's end. */
    Object await(Optional<String> name);

    /** Shows a run until its end. */
    Object attach(Optional<String> name);

    /** Stops a run. */
    Object interrupt(Optional<String> name, Selection selection);

    Object timeline(TimelineOptions options);

    Object mem(boolean chart, boolean reset);

    Object traffic(boolean chart, boolean reset);

    Object logs(Selection selection, int lines);

    /** Runs a cell's body on workers. */
    Object cell(CellOptions options, String body);

    /** Runs a cell's body on workers in the background. */
    Object startCell(CellOptions options, String body);

    Object vars(Selection selection);

    /** Sends values, and the notebook's variables of these names. */
    Object push(Map<String, Object> values, List<String> names, Selection selection);

    Object pull(String name, Selection selection);

    /** Joins what ranks hold in a variable along one dimension. */
    Object gather(String name, Selection selection, int dimension);

    /** Turns on the names of another tool. */
    Object compat(Dialect dialect);

    Object report(Path file, Optional<String> title);

    Object devices();

    Object models();

    Object data();

    Object doctor(OptionalInt flood);

    /** Starts workers anew. */
    Object restart(Selection selection);

    Object down(boolean now);

    /** Shows help for one verb, or the list of verbs. */
    Object help(Optional<String> verb);
}
