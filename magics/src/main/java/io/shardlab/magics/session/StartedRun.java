package io.shardlab.magics.session;

import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.view.Figures;
import io.shardlab.mesh.Selection;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A training run that was begun: where it runs, and how far it is. Any thread. */
public final class StartedRun extends Started<Run> {

    private final RunSoFar heard = new RunSoFar();
    private String model = "";
    private String scheme = "";
    private int stepsToDo;
    private int doneBefore;
    private String doing = "";
    private @Nullable Path folder;

    StartedRun(String name, boolean inBackground, int stepsToDo, LongSupplier nanos) {
        super(name, inBackground, nanos);
        this.stepsToDo = stepsToDo;
    }

    @Override
    String kind() {
        return "run";
    }

    @Override
    Selection selection() {
        return Selection.ALL;
    }

    @Override
    boolean underWay() {
        return folder().isPresent();
    }

    @Override
    State ending(Run left) {
        return left.outcome().cancelled() ? State.INTERRUPTED : State.DONE;
    }

    /** Steps done so far; of a resumed run those since then. */
    public int stepsDone() {
        return heard.stepsDone();
    }

    public synchronized int steps() {
        return stepsToDo;
    }

    synchronized String model() {
        return model;
    }

    synchronized String scheme() {
        return scheme;
    }

    /** The run's folder, once it has one. */
    public synchronized Optional<Path> folder() {
        return Optional.ofNullable(folder);
    }

    @Override
    String story() {
        return stateWord() + ", step " + stepsDone() + " of " + steps();
    }

    @Override
    String news() {
        OptionalDouble loss = heard.lastLoss();
        OptionalDouble rate = heard.tokensPerSecond();
        return title() + ": " + story()
                + (loss.isPresent() ? ", loss " + Figures.decimal(loss.getAsDouble(), 4) : "")
                + (rate.isPresent() ? ", " + Figures.decimal(rate.getAsDouble(), 0) + " " + heard.unit() + "/s" : "");
    }

    /** Hears the run, and is asked what it told. */
    RunSoFar heard() {
        return heard;
    }

    synchronized void prepared(Runs.TrainRequest request, Placement placement, Path files) {
        model = placement.model();
        scheme = placement.scheme();
        doneBefore = request.done();
        stepsToDo = request.settings().steps() - doneBefore;
        folder = files;
        nowUnderWay();
    }

    /** What runs where. */
    record Placement(String model, String scheme) {}

    /** What the ranks were doing when it was asked to stop. */
    synchronized void stoppedIn(String ranks) {
        doing = ranks;
    }

    /** Nothing is lost between whole steps. */
    @Override
    synchronized String kept() {
        int lastSaved = heard.lastSaved();
        return "weights kept at step " + (doneBefore + heard.stepsDone())
                + (lastSaved > 0 ? ", checkpoint of step " + lastSaved : "")
                + (doing.isEmpty() ? "" : "; " + doing);
    }
}
