package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import java.nio.file.Path;
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

    Object save(Path folder);

    Object load(Path folder);

    Object infer(InferOptions options);

    Object check(CheckOptions options);

    Object compare(CompareOptions options);

    Object model(ModelOptions options);

    Object schedule(ScheduleOptions options);

    Object status();

    Object timeline(TimelineOptions options);

    Object mem(boolean chart, boolean reset);

    Object traffic(boolean chart, boolean reset);

    Object logs(Selection selection, int lines);

    /** Runs a cell's body on workers. */
    Object cell(CellOptions options, String body);

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

    Object down(boolean now);

    /** Shows help for one verb, or the list of verbs. */
    Object help(Optional<String> verb);
}
