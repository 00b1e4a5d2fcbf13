package io.shardlab.run;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Answers requests that are about plans: what places one, works with its weights, or files them. */
final class PlanRequests {

    private final Rank rank;
    private final RankEngine engine;
    private final RankPlan plan;

    PlanRequests(Rank rank, RankEngine engine, RankPlan plan) {
        this.rank = rank;
        this.engine = engine;
        this.plan = plan;
    }

    /** Empty for a request about something else. */
    Optional<Reply> answer(Request request, Consumer<Event> events) throws IOException {
        if (request instanceof Request.Place place) {
            plan.place(place);
            return Optional.of(done());
        }
        if (request instanceof Request.Clear) {
            plan.clear();
            return Optional.of(done());
        }
        if (request instanceof Request.Train train) {
            return Optional.of(train(train, events));
        }
        if (request instanceof Request.Infer infer) {
            return Optional.of(infer(infer, events));
        }
        if (request instanceof Request.Dump dump) {
            dump(Path.of(dump.folder()));
            return Optional.of(done());
        }
        if (request instanceof Request.Save save) {
            return Optional.of(plan.isSpare() ? nothingFiled() : files(events).save(save));
        }
        if (request instanceof Request.Load load) {
            return Optional.of(plan.isSpare() ? nothingFiled() : files(events).load(load));
        }
        if (request instanceof Request.Probe probe) {
            probe(probe);
            return Optional.of(done());
        }
        return Optional.empty();
    }

    private Reply done() {
        return new Reply.Done(plan.memory());
    }

    private static Reply nothingFiled() {
        return new Reply.Filed(-1, List.of());
    }

    private Reply train(Request.Train request, Consumer<Event> events) {
        if (plan.isSpare()) {
            return new Reply.Trained(0, plan.memory(), Map.of());
        }
        PlacedPlan here = plan.get();
        Recorder recorder = rank.recorder();
        rank.meter().resetHighWater();
        TrainSettings settings = request.settings();
        try (Samples samples = Samples.open(request.plan(), Path.of(request.tokens()))) {
            TrainRun run = new TrainRun(here, request.plan(), settings, samples, recorder, rank.stop(), rank.guard());
            Reporter reporter = new Reporter(rank.number(), events);
            for (int step = request.done(); step < request.until(); step++) {
                recorder.startStep(request.firstStep() + step);
                long start = System.nanoTime();
                double rate = settings.rateAt(step);
                TrainRun.StepResult result = run.step(request.firstStep() + step, rate, (name, value) -> {}, () -> {});
                if (result.stopped()) {
                    return new Reply.Cancelled(step - request.done());
                }
                long nanos = System.nanoTime() - start;
                reporter.step(run.metrics(request.firstStep() + step, result, rate, nanos), recorder, plan::memory);
            }
        }
        Reply trained = new Reply.Trained(
                request.until() - request.done(),
                plan.memory(),
                recorder.traffic().byHeading());
        // Activations, and what the JIT compiler had while it compiled the loops of this run.
        engine.get().trimMemory();
        return trained;
    }

    private Reply infer(Request.Infer request, Consumer<Event> events) {
        if (plan.isSpare()) {
            return new Reply.Generated(List.of(), plan.memory(), Reply.GenerationTime.NONE);
        }
        Generation generation = new Generation(plan.get(), rank.recorder(), rank.guard());
        List<Integer> tokens = generation.run(request, events);
        return new Reply.Generated(tokens, plan.memory(), generation.time());
    }

    private CheckpointFiles files(Consumer<Event> events) {
        return new CheckpointFiles(plan.get(), rank.recorder(), rank.stop(), events);
    }

    private void dump(Path folder) throws IOException {
        Optional<PlacedPlan> placed = plan.here();
        if (placed.isPresent()) {
            PlacedPlan here = placed.get();
            SafetensorsWriter writer = new SafetensorsWriter();
            for (ParameterSpec parameter : here.shard().parameters()) {
                writer.add(
                        parameter.name(),
                        here.plan().type(),
                        parameter.localShape(here.at().tensor()),
                        here.shard().weight(parameter.name()));
            }
            Files.createDirectories(folder);
            writer.write(fileOfThisRank(folder));
        }
    }

    private void probe(Request.Probe request) throws IOException {
        if (rank.number() >= request.plan().mesh().size()) {
            return;
        }
        try (Samples samples = Samples.open(request.plan(), Path.of(request.tokens()));
                PlacedPlan temporary = plan.open(request.plan(), Optional.of(request.weights()))) {
            rank.recorder().startStep(0);
            TrainRun run = new TrainRun(
                    temporary, request.plan(), request.settings(), samples, rank.recorder(), rank.stop(), rank.guard());
            new Probe(temporary).run(run, request.settings(), fileOfThisRank(Path.of(request.folder())));
        }
        engine.get().trimMemory();
    }

    private Path fileOfThisRank(Path folder) {
        return folder.resolve("rank-" + rank.number() + ".safetensors");
    }
}
