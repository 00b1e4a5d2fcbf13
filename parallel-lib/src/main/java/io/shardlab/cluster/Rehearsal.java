package io.shardlab.cluster;

import io.shardlab.model.Planner;
import io.shardlab.model.Presets;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.run.RankRunner;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.run.TrainSettings;
import io.shardlab.tensor.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;

/**
 * Plays the first minute of a worker's life in this JVM, so that a class-data archive can be made of the classes it needs
 * ({@code -XX:ArchiveClassesAtExit}) and DJL unpacks its native libraries before anyone waits for them. Run once by set-up.
 */
public final class Rehearsal {

    private static final int TOKENS = 1000;

    private Rehearsal() {}

    /** The argument is a folder for what is written meanwhile. */
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Plan plan = Planner.plan(
                Presets.resolve("tiny"),
                Scheme.tp(2),
                new Planner.Settings(TensorType.FLOAT32, new Plan.Workload(2, 16, 1), "1f1b", 0));
        Path tokens = Files.write(home.resolve("rehearsal.bin"), new byte[TOKENS * Integer.BYTES]);
        List<Request> part = List.of(
                new Request.Warm(),
                new Request.Measure(),
                new Request.Place(plan, Optional.empty()),
                new Request.Train(plan, TrainSettings.DEFAULT.withSteps(2), tokens.toString(), 0),
                new Request.Infer(List.of(1), 1),
                new Request.Memory(false));
        try (LocalRanks ranks = LocalRanks.start(ClusterSpec.cpu(2, 2), home, RankRunner::open, event -> {})) {
            for (Request request : part) {
                play(ranks, request);
            }
        }
        Files.delete(tokens);
        // What only a process of its own uses.
        for (Class<?> type : List.of(
                WorkerMain.class, ControlChannel.class, WorkerSettings.class, FrameDecoder.class, BriefCell.class)) {
            Class.forName(type.getName());
        }
    }

    /** Sends a request the way a worker gets it, and its replies the way a worker sends them. */
    private static void play(LocalRanks ranks, Request request)
            throws IOException, InterruptedException, ExecutionException {
        Message.Ask ask = (Message.Ask) through(new Message.Ask(1, request));
        long id = 1;
        for (Reply reply : ranks.submit(ask.request()).get()) {
            if (reply instanceof Reply.Failed failed) {
                throw new IllegalStateException(failed.message());
            }
            through(new Message.Answer(id, reply, 0, 0));
        }
    }

    private static Message through(Message message) throws IOException {
        return Message.decode(message.encode());
    }
}
