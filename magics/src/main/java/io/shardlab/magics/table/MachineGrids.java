package io.shardlab.magics.table;

import io.shardlab.magics.backend.Diagnosis;
import io.shardlab.magics.home.Corpus;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import java.util.List;
import java.util.OptionalLong;

/** The tables of what this machine offers: devices, data, health. */
public final class MachineGrids {

    private MachineGrids() {}

    public static Grid<Diagnosis.DeviceRow> devices(List<Diagnosis.DeviceRow> rows) {
        return new Grid<>(
                "devices of this machine",
                List.of(
                        Column.text("device", "device", Diagnosis.DeviceRow::device),
                        Column.text("name", "name", Diagnosis.DeviceRow::name),
                        Column.whole(
                                "cores",
                                "cores",
                                row -> row.cores().isPresent()
                                        ? OptionalLong.of(row.cores().getAsInt())
                                        : OptionalLong.empty()),
                        Column.megabytes("memory_mb", "memory MB", Diagnosis.DeviceRow::memoryBytes),
                        Column.text("visible", "usable", row -> row.visible() ? "yes" : "no"),
                        Column.text("note", "note", Diagnosis.DeviceRow::note)),
                rows);
    }

    public static Grid<Corpus.Listed> corpora(List<Corpus.Listed> rows) {
        return new Grid<>(
                "what --data can name",
                List.of(
                        Column.text("name", "name", Corpus.Listed::name),
                        Column.text("kind", "kind", Corpus.Listed::kind),
                        Column.whole("tokens", "tokens", Corpus.Listed::tokens),
                        Column.text("note", "note", Corpus.Listed::note)),
                rows);
    }

    public static Grid<Diagnosis.DoctorRow> doctor(List<Diagnosis.DoctorRow> rows) {
        long ill = rows.stream().filter(row -> !row.healthy()).count();
        return new Grid<>(
                ill == 0 ? "all is well" : ill + " of " + rows.size() + " need attention",
                List.of(
                        Column.text("subject", "subject", Diagnosis.DoctorRow::subject),
                        Column.text("finding", "found", Diagnosis.DoctorRow::finding),
                        Column.text("healthy", "healthy", row -> row.healthy() ? "yes" : "no"),
                        Column.text("advice", "advice", Diagnosis.DoctorRow::advice)),
                rows);
    }
}
