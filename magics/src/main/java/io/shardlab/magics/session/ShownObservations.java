package io.shardlab.magics.session;

import io.shardlab.magics.backend.Diagnosis;
import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.command.TimelineOptions;
import io.shardlab.magics.screen.Output;
import io.shardlab.magics.table.MachineGrids;
import io.shardlab.magics.table.MeasureGrids;
import io.shardlab.magics.table.PlanGrids;
import io.shardlab.magics.table.RankTimes;
import io.shardlab.magics.table.WorkerGrids;
import io.shardlab.magics.view.GanttChart;
import io.shardlab.magics.view.MemoryChart;
import io.shardlab.magics.view.TrafficChart;
import io.shardlab.mesh.Selection;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;
import tech.tablesaw.api.Table;

/** Shows what there is and what was measured: the verbs that only look. */
final class ShownObservations {

    private final Supplier<Lab> lab;
    private final Output output;
    private final HostKernel kernel;

    ShownObservations(Supplier<Lab> lab, Output output, HostKernel kernel) {
        this.lab = lab;
        this.output = output;
        this.kernel = kernel;
    }

    Table status() {
        return output.table(WorkerGrids.status(observations().status()));
    }

    Table timeline(TimelineOptions options) {
        Timeline timeline = observations().timeline(options);
        String subject = timeline.spans().isEmpty()
                ? "nothing ran"
                : "step " + timeline.spans().get(0).step()
                        + observations().simulated().map(what -> ", " + what).orElse("");
        output.draw(new GanttChart(subject, timeline));
        return output.table(RankTimes.of(timeline));
    }

    Table mem(boolean chart, boolean reset) {
        List<Measures.MemoryRow> rows = observations().memory(reset);
        Table table = output.table(MeasureGrids.memory("memory, high-water marks", rows));
        if (chart) {
            output.draw(new MemoryChart(
                    "now", rows.stream().map(Measures.MemoryRow::measured).toList()));
        }
        return table;
    }

    Table traffic(boolean chart, boolean reset) {
        List<Measures.TrafficRow> rows = observations().traffic(reset);
        String subject = "since workers came up or the last --reset"
                + observations().simulated().map(what -> ", " + what).orElse("");
        Table table = output.table(MeasureGrids.traffic("bytes from rank to rank, " + subject, rows));
        if (chart) {
            output.draw(new TrafficChart(
                    subject, rows.stream().map(Measures.TrafficRow::bytesTo).toList()));
        }
        return table;
    }

    Table logs(Selection selection, int lines) {
        return output.table(WorkerGrids.logs(observations().logs(selection, lines)));
    }

    Table devices() {
        return output.table(MachineGrids.devices(observations().devices()));
    }

    Table models() {
        return output.table(PlanGrids.models(observations().models()));
    }

    Table data() {
        return output.table(MachineGrids.corpora(observations().corpora()));
    }

    Table doctor(OptionalInt flood) {
        List<Diagnosis.DoctorRow> rows = new ArrayList<>();
        rows.add(new Diagnosis.DoctorRow("kernel", kernel.version(), true, ""));
        rows.addAll(observations().doctor(flood));
        return output.table(MachineGrids.doctor(rows));
    }

    private Observations observations() {
        return lab.get().subjects().observations();
    }
}
