package io.shardlab.magics.local;

import io.shardlab.cluster.Devices;
import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.Checkpointing;
import io.shardlab.magics.backend.Comparing;
import io.shardlab.magics.backend.Diagnosis;
import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.backend.Workers;
import java.nio.file.Path;

/** The backend of the product: worker JVMs on this machine. Here are its parts, and what they share. */
public final class LocalBackend implements Backend {

    private final RunningCluster cluster = new RunningCluster();
    private final Diagnosis diagnosis;
    private final Workers workers;
    private final Plans plans;
    private final Runs runs;
    private final Comparing comparing;
    private final Checkpointing checkpoints;
    private final Measures measures;

    /** @param home the folder below which all files of workers and runs lie */
    public LocalBackend(Path home) {
        Machine machine = new Machine(Devices.here());
        UserModels userModels = new UserModels();
        PlanMaker maker = new PlanMaker(cluster, userModels);
        diagnosis = new LocalDiagnosis(machine, cluster);
        workers = new LocalWorkers(home, machine, cluster, maker, userModels::forgetDescriptions);
        plans = new LocalPlans(cluster, maker, userModels);
        LocalRuns local = new LocalRuns(home, machine, cluster, maker);
        runs = local;
        comparing = new LocalComparing(cluster, local);
        checkpoints = new LocalCheckpointing(cluster);
        measures = new LocalMeasures(cluster);
    }

    @Override
    public Diagnosis diagnosis() {
        return diagnosis;
    }

    @Override
    public Workers workers() {
        return workers;
    }

    @Override
    public Plans plans() {
        return plans;
    }

    @Override
    public Runs runs() {
        return runs;
    }

    @Override
    public Comparing comparing() {
        return comparing;
    }

    @Override
    public Checkpointing checkpoints() {
        return checkpoints;
    }

    @Override
    public Measures measures() {
        return measures;
    }

    @Override
    public Cells cells() {
        return cluster.cells();
    }

    @Override
    public Begun begin(String what) {
        return cluster.turn(what);
    }

    @Override
    public void cancel() {
        cluster.cancel();
    }

    @Override
    public void kill() {
        cluster.kill();
    }

    @Override
    public void close() {
        workers.down(false);
    }
}
