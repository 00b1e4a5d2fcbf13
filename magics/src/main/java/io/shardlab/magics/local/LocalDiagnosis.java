package io.shardlab.magics.local;

import io.shardlab.cluster.WorkerEvent;
import io.shardlab.magics.backend.Diagnosis;
import io.shardlab.run.Request;
import java.util.List;
import java.util.stream.IntStream;

/** This machine and the worker JVMs on it, looked at. */
final class LocalDiagnosis implements Diagnosis {

    private final Machine machine;
    private final RunningCluster cluster;

    LocalDiagnosis(Machine machine, RunningCluster cluster) {
        this.machine = machine;
        this.cluster = cluster;
    }

    @Override
    public List<DeviceRow> devices() {
        return machine.rows();
    }

    @Override
    public List<DoctorRow> doctor() {
        return Checkup.here(machine.devices()).rows();
    }

    @Override
    public List<DoctorRow> flood(int lines) {
        List<LineCount> counts = IntStream.range(0, cluster.current().numRanks())
                .mapToObj(LineCount::new)
                .toList();
        cluster.ask(new Request.Print(lines), event -> {
            if (event instanceof WorkerEvent.Printed printed && !printed.error()) {
                counts.get(printed.rank()).hear(printed.text());
            }
        });
        return counts.stream().map(count -> count.row(lines)).toList();
    }
}
