package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Engine;
import io.shardlab.mesh.Group;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import io.shardlab.transport.Purpose;
import io.shardlab.transport.SharedMemoryTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import io.shardlab.weights.SafetensorsFolder;
import io.shardlab.weights.SafetensorsWriter;
import io.shardlab.weights.SeededWeights;
import io.shardlab.weights.WeightSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Executes requests on one rank: keeps its engine, its place on the data plane and the placed plan between them. */
public final class RankRunner implements RankExecutor {

    private static final int STACK_LINES = 12;

    /** Held here, because a logger that nobody holds forgets its level. */
    private static final Logger DJL_LOG = Logger.getLogger("ai.djl");

    private final Seat seat;
    private final StopSignal stop;
    private final StatusPage page;
    private final CommitGuard guard;
    private final Transport transport;
    private final MemoryMeter meter;
    private final Recorder recorder;
    private final RankCells cells;
    private @Nullable Engine engine;
    private @Nullable PlacedPlan placed;
    /** Whether the placed plan needs fewer ranks than there are, and not this one. */
    private boolean spare;

    private RankRunner(
            Seat seat, StopSignal stop, StatusPage page, CommitGuard guard, Transport transport, boolean ownProcess) {
        this.seat = seat;
        this.stop = stop;
        this.page = page;
        this.guard = guard;
        this.transport = transport;
        meter = new MemoryMeter(seat.rank(), ownProcess);
        recorder = new Recorder(seat.rank(), page);
        cells = new RankCells(seat, stop, page, guard, transport, recorder.traffic());
    }

    /** A rank that is a process of its own. Called on the thread that will execute every request. */
    public static RankExecutor open(Seat seat, StopSignal stop, StatusPage page) {
        CommitGuard guard = new CommitGuard(stop);
        try {
            Transport transport = SharedMemoryTransport.open(
                    seat.sharedFolder(), seat.rank(), seat.numRanks(), waitPolicy(seat, guard), seat.link());
            RankRunner runner = new RankRunner(seat, stop, page, guard, transport, true);
            runner.loadEngineEarly();
            return runner;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A rank that is a thread of this process. */
    public static RankExecutor open(Seat seat, StopSignal stop, StatusPage page, Connector connector) {
        CommitGuard guard = new CommitGuard(stop);
        return new RankRunner(seat, stop, page, guard, connector.connect(waitPolicy(seat, guard)), false);
    }

    /** Gives a rank its end of the data plane. */
    public interface Connector {
        Transport connect(WaitPolicy wait);
    }

    private static WaitPolicy waitPolicy(Seat seat, CommitGuard guard) {
        return WaitPolicy.forRanks(seat.numRanks(), seat.timeout(), guard::check);
    }

    @Override
    public Reply execute(Request request, Consumer<Event> events) {
        recorder.clear();
        guard.begin(events);
        try {
            Reply reply = dispatch(request, events);
            page.enter("idle", "", -1);
            return reply;
        } catch (StopSignal.CancelledRun e) {
            page.enter("idle", "stopped", -1);
            return new Reply.Cancelled(0);
        } catch (StopSignal.LostPeer e) {
            page.enter("failed", String.valueOf(e.getMessage()), -1);
            return failed(e, true);
        } catch (RuntimeException | IOException | Error e) {
            page.enter("failed", String.valueOf(e.getMessage()), -1);
            return failed(e, false);
        }
    }

    private static Reply failed(Throwable e, boolean consequence) {
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        List<String> stack = Arrays.stream(e.getStackTrace())
                .limit(STACK_LINES)
                .map(StackTraceElement::toString)
                .toList();
        return new Reply.Failed(e.getClass().getSimpleName(), message, stack, consequence);
    }

    private Reply dispatch(Request request, Consumer<Event> events) throws IOException {
        if (request instanceof Request.Warm) {
            return warm();
        }
        if (request instanceof Request.Measure) {
            return new Measurement(engine(), transport, seat.numRanks()).run();
        }
        if (request instanceof Request.Describe describe) {
            return describe(describe);
        }
        if (request instanceof Request.Place place) {
            return place(place);
        }
        if (request instanceof Request.Clear) {
            clear();
            return new Reply.Done(memory());
        }
        if (request instanceof Request.Train train) {
            return train(train, events);
        }
        if (request instanceof Request.Infer infer) {
            if (spare) {
                return new Reply.Generated(List.of(), memory(), Reply.GenerationTime.NONE);
            }
            Generation generation = new Generation(placed(), recorder, guard);
            List<Integer> tokens = generation.run(infer, events);
            return new Reply.Generated(tokens, memory(), generation.time());
        }
        if (request instanceof Request.Dump dump) {
            return dump(Path.of(dump.folder()));
        }
        if (request instanceof Request.Save save) {
            return spare ? new Reply.Filed(-1, List.of()) : files(events).save(save);
        }
        if (request instanceof Request.Load load) {
            return spare ? new Reply.Filed(-1, List.of()) : files(events).load(load);
        }
        if (request instanceof Request.Probe probe) {
            return probe(probe);
        }
        if (request instanceof Request.Traffic wanted) {
            Reply.Sent sent = new Reply.Sent(recorder.traffic().sentTo());
            if (wanted.reset()) {
                recorder.traffic().reset();
            }
            return sent;
        }
        if (request instanceof Request.Memory wanted) {
            MemoryUse use = memory();
            if (wanted.resetHighWater()) {
                meter.resetHighWater();
            }
            return new Reply.Done(use);
        }
        Optional<Reply> ofCells = cells.answer(request, this::engine, Optional.ofNullable(placed));
        if (ofCells.isPresent()) {
            return ofCells.get();
        }
        Request.Print print = (Request.Print) request;
        for (int i = 0; i < print.lines(); i++) {
            System.out.println("rank " + seat.rank() + " line " + i);
        }
        return new Reply.Done(memory());
    }

    /** Loads the engine while the other workers start; a failure is told by the first request that needs it. */
    private void loadEngineEarly() {
        try {
            engine();
            page.enter("idle", "", -1);
        } catch (RuntimeException | LinkageError e) {
            page.enter("idle", "engine not loaded: " + e.getMessage(), -1);
        }
    }

    private Engine engine() {
        Engine known = engine;
        if (known == null) {
            page.enter("loading engine", "", -1);
            DJL_LOG.setLevel(Level.WARNING);
            known = Engine.djl(seat.device(), seat.threads());
            page.engine(known.version());
            known.betweenProducts(transport::progress);
            engine = known;
            meter.markBaseline();
        }
        return known;
    }

    private Reply warm() throws IOException {
        engine();
        page.enter("barrier", "all ranks", -1);
        try (Communicator world = Communicator.open(transport, Group.world(seat.numRanks()), Purpose.CONTROL)) {
            guard.uninterrupted(world::barrier);
        }
        meter.markBaseline();
        return new Reply.Done(memory());
    }

    private Reply describe(Request.Describe request) {
        engine().define(request.code());
        if (seat.rank() > 0) {
            return new Reply.Described(List.of(), Optional.empty());
        }
        page.enter("describing", request.code().id(), -1);
        try {
            return new Reply.Described(engine().describe(request.code().id(), request.sample()), Optional.empty());
        } catch (IllegalArgumentException e) {
            return new Reply.Described(List.of(), Optional.of(String.valueOf(e.getMessage())));
        }
    }

    private void clear() {
        PlacedPlan before = placed;
        spare = false;
        if (before != null) {
            placed = null;
            before.close();
            engine().trimMemory();
            meter.markBaseline();
            meter.resetHighWater();
        }
    }

    private Reply place(Request.Place request) throws IOException {
        PlacedPlan before = placed;
        if (before != null) {
            placed = null;
            before.close();
        }
        spare = seat.rank() >= request.plan().mesh().size();
        if (!spare) {
            page.enter("placing", request.plan().model(), -1);
            engine().warmUp();
            engine().trimMemory();
            meter.markBaseline();
            meter.resetHighWater();
            placed = open(request.plan(), request.weights());
        }
        return new Reply.Done(memory());
    }

    private PlacedPlan open(Plan plan, Optional<String> folder) throws IOException {
        if (folder.isEmpty()) {
            return open(plan, new SeededWeights(plan.seed()));
        }
        try (SafetensorsFolder weights = SafetensorsFolder.open(Path.of(folder.get()))) {
            weights.verify(plan.parameters());
            return open(plan, weights);
        }
    }

    private PlacedPlan open(Plan plan, WeightSource weights) {
        return new PlacedPlan(plan, seat.rank(), engine(), transport, weights, recorder, stop);
    }

    private PlacedPlan placed() {
        PlacedPlan known = placed;
        if (known == null) {
            throw new IllegalStateException("nothing is placed on rank " + seat.rank());
        }
        return known;
    }

    private Reply train(Request.Train request, Consumer<Event> events) {
        if (spare) {
            return new Reply.Trained(0, memory(), Map.of());
        }
        PlacedPlan here = placed();
        meter.resetHighWater();
        TrainSettings settings = request.settings();
        try (Samples samples = Samples.open(request.plan(), Path.of(request.tokens()))) {
            TrainRun run = new TrainRun(here, request.plan(), settings, samples, recorder, stop, guard);
            Reporter reporter = new Reporter(seat.rank(), events);
            for (int step = request.done(); step < request.until(); step++) {
                recorder.startStep(request.firstStep() + step);
                long start = System.nanoTime();
                double rate = settings.rateAt(step);
                TrainRun.StepResult result = run.step(request.firstStep() + step, rate, (name, value) -> {}, () -> {});
                if (result.stopped()) {
                    return new Reply.Cancelled(step - request.done());
                }
                long nanos = System.nanoTime() - start;
                reporter.step(run.metrics(request.firstStep() + step, result, rate, nanos), recorder, this::memory);
            }
        }
        Reply trained = new Reply.Trained(
                request.until() - request.done(), memory(), recorder.traffic().byHeading());
        // Activations, and what the JIT compiler had while it compiled the loops of this run.
        engine().trimMemory();
        return trained;
    }

    private CheckpointFiles files(Consumer<Event> events) {
        return new CheckpointFiles(placed(), recorder, stop, events);
    }

    private Reply dump(Path folder) throws IOException {
        PlacedPlan here = placed;
        if (here != null) {
            SafetensorsWriter writer = new SafetensorsWriter();
            for (ParameterSpec parameter : here.shard().parameters()) {
                writer.add(
                        parameter.name(),
                        here.plan().type(),
                        parameter.localShape(here.at().tensor()),
                        here.shard().weight(parameter.name()));
            }
            Files.createDirectories(folder);
            writer.write(folder.resolve("rank-" + seat.rank() + ".safetensors"));
        }
        return new Reply.Done(memory());
    }

    private Reply probe(Request.Probe request) throws IOException {
        if (seat.rank() < request.plan().mesh().size()) {
            try (Samples samples = Samples.open(request.plan(), Path.of(request.tokens()));
                    PlacedPlan temporary = open(request.plan(), Optional.of(request.weights()))) {
                recorder.startStep(0);
                TrainRun run =
                        new TrainRun(temporary, request.plan(), request.settings(), samples, recorder, stop, guard);
                Path file = Path.of(request.folder()).resolve("rank-" + seat.rank() + ".safetensors");
                new Probe(temporary).run(run, request.settings(), file);
            }
            engine().trimMemory();
        }
        return new Reply.Done(memory());
    }

    /** How many arrays the engine keeps for the placed shard. */
    int numArrays() {
        return placed().shard().numArrays();
    }

    private MemoryUse memory() {
        PlacedPlan here = placed;
        return here == null
                ? meter.measure(new EnumMap<>(MemoryCategory.class), 0)
                : meter.measure(here.shard().bytes(), here.communicationBytes());
    }

    @Override
    public void close() {
        cells.close();
        PlacedPlan here = placed;
        if (here != null) {
            here.close();
        }
        Engine known = engine;
        if (known != null) {
            known.close();
        }
        try {
            transport.close();
        } catch (UncheckedIOException e) {
            page.enter("closed", String.valueOf(e.getMessage()), -1);
            return;
        }
        page.enter("closed", "", -1);
    }
}
