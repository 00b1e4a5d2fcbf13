package io.shardlab.magics.session;

import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.mesh.Selection;
import io.shardlab.plan.Plan;
import io.shardlab.run.TrainSettings;
import io.shardlab.run.TrainerState;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.StepMetrics;
import io.shardlab.trace.Timeline;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What lies below a laboratory: planner, simulator, cluster.
 *
 * <p>Methods block until they are done and are called from one thread, except {@link #cancel}, {@link #kill} and {@link #down},
 * which may be called from a second thread while another method works. What the caller did wrong is an
 * {@link IllegalArgumentException} and what the moment forbids (nothing placed, no workers) an {@link IllegalStateException},
 * each with one line, thrown before anything is started. Failing workers are {@link FailedWorkers}.
 */
public interface Backend extends AutoCloseable {

    List<DeviceRow> devices();

    /** Starts workers and waits until they are ready; the specification that already runs changes nothing. */
    Workers up(UpOptions options);

    /** Stops all workers; at once, or after asking. */
    List<ExitRow> down(boolean now);

    List<StatusRow> status();

    /** The last lines of the selected workers, dead ones too. */
    List<LogLine> logs(Selection selection, int linesPerRank);

    List<ModelRow> models();

    /** Compiles and keeps a model that a cell wrote, or finds one; with workers up, also what it consists of. */
    ModelOutcome model(ModelOptions options);

    /** Plans and prices; starts nothing. */
    Estimate plan(PlanOptions options);

    /** The plan on the workers now. */
    Optional<Plan> placed();

    PlaceOutcome place(PlanOptions options);

    /** Trains the placed weights. A cancelled run ends normally, with fewer steps. */
    TrainOutcome train(TrainRequest request, Progress progress);

    /** Writes the placed model as a checkpoint; one that is in the folder is replaced when the new one is complete. */
    FilesOutcome save(Path folder, Progress progress);

    /** Replaces the placed model's weights, optimizer state and step by a checkpoint's. */
    FilesOutcome load(Path folder, Progress progress);

    /** Refuses a folder that {@link #save} could not write into, before anything that takes long. */
    void requireSavable(Path folder);

    /** What a checkpoint says about itself. */
    TrainerState saved(Path folder);

    /** Continues token ids greedily with the placed weights. */
    InferOutcome infer(List<Integer> prompt, int maxNew, TokenListener listener);

    CheckOutcome check(CheckRequest request);

    /** Cells and variables of the workers that run now. */
    Cells cells();

    /** Memory measured now and since the last reset. */
    List<MemoryRow> memory(boolean resetHighWater);

    /** What each rank has sent to each other since the last reset. */
    List<TrafficRow> traffic(boolean reset);

    /** What the running workers only simulate, for titles: {@code simulated link 10 GB/s, 20 µs}. */
    default Optional<String> simulated() {
        return Optional.empty();
    }

    /** One step of the last run (the last step where empty), or the estimate for the placed plan. */
    Timeline timeline(OptionalInt step, boolean predicted);

    /** The schedules that plans may name, those that were written in this session included. */
    Schedules schedules();

    List<DoctorRow> doctor();

    /** Lets each worker print so many lines and says for each whether all of them arrived, in order. */
    List<DoctorRow> flood(int lines);

    /** Asks what is running to stop at the next micro-batch; returns at once. */
    void cancel();

    /** Kills what is running, workers included; returns at once. */
    void kill();

    @Override
    void close();

    /** The backend of the product: worker JVMs on this machine, files below {@code home}. */
    static Backend local(Path home) {
        return new LocalBackend(home);
    }

    /** Hears of a run while it runs; called from any thread. */
    interface Progress {

        /** Hears nothing. */
        Progress SILENT = new Progress() {};

        default void step(StepMetrics metrics) {}

        default void memory(MemoryUse use) {}

        /** A checkpoint after so many steps of the run is complete. */
        default void saved(int step) {}

        /** How far a long action has come, for instance loading weights. */
        default void progress(String what, long done, long total) {}
    }

    /** Hears each new token, in order. */
    interface TokenListener {
        void token(int id, double millis);
    }

    record DeviceRow(
            String device, String name, OptionalLong memoryBytes, OptionalInt cores, boolean visible, String note) {}

    /**
     * Running workers.
     *
     * @param unchanged whether they ran already
     * @param banner one line for people: CPU or GPU, limits, what is simulated
     */
    record Workers(List<WorkerRow> rows, double readyMillis, boolean unchanged, String banner) {
        public Workers {
            rows = List.copyOf(rows);
        }
    }

    record WorkerRow(int rank, long pid, String device, OptionalLong limitBytes, String engine, double readyMillis) {}

    record ExitRow(int rank, long pid, String device, String exit) {}

    record StatusRow(
            int rank,
            String role,
            long pid,
            String device,
            String state,
            String lastAction,
            OptionalLong rssBytes,
            OptionalLong heapBytes,
            OptionalLong limitBytes,
            Optional<String> lastError) {}

    record LogLine(int rank, String line) {}

    record ModelRow(
            String name,
            String family,
            int layers,
            long hidden,
            int heads,
            int kvHeads,
            int vocabulary,
            int longest,
            long parameters) {}

    /**
     * A model that a cell wrote.
     *
     * @param described whether a worker has looked at it; without, there are no rows
     */
    record ModelOutcome(String name, String loss, boolean described, List<PartRow> rows) {
        public ModelOutcome {
            rows = List.copyOf(rows);
        }
    }

    /** A part of a model that pipelines do not divide; {@code costPercent} of the whole forward pass, measured. */
    record PartRow(int part, String children, String input, String output, long parameters, double costPercent) {}

    /**
     * A plan and what it will cost.
     *
     * @param ranks in order
     * @param advice lines for people: what does not fit and the cheapest fix
     * @param predicted one simulated step
     */
    record Estimate(
            Plan plan,
            List<RankEstimate> ranks,
            OptionalDouble bubblePercent,
            OptionalDouble stepMillis,
            OptionalDouble tokensPerSecond,
            OptionalDouble costPerMillionTokens,
            List<String> advice,
            Optional<Timeline> predicted) {
        public Estimate {
            ranks = List.copyOf(ranks);
            advice = List.copyOf(advice);
        }
    }

    /**
     * One rank of a plan.
     *
     * @param layers for people, for instance {@code embedding, layers 0–3}
     * @param sentBytes per step, by collective ({@code tp all_reduce}, {@code pp send})
     */
    record RankEstimate(
            int rank,
            String role,
            String device,
            String layers,
            long parameters,
            MemoryUse memory,
            OptionalLong limitBytes,
            Map<String, Long> sentBytes,
            boolean fits) {}

    record PlaceOutcome(Plan plan, List<PlacedRow> rows, double millis) {
        public PlaceOutcome {
            rows = List.copyOf(rows);
        }
    }

    /** A rank's shard; {@code cut} says which rows or columns it holds. */
    record PlacedRow(
            int rank,
            String role,
            String device,
            String layers,
            String cut,
            long parameters,
            OptionalLong plannedBytes,
            OptionalLong measuredBytes) {}

    /**
     * Training of the placed weights.
     *
     * @param schedule of the pipeline, where it differs from the placed plan's
     * @param tokens a file of little-endian 32-bit ids
     * @param source of the tokens, as the user named it
     * @param done steps of the run that are done already: 0 unless it is resumed
     * @param save folder of the checkpoint to write at the end
     * @param every also after so many steps of the run
     */
    record TrainRequest(
            Plan.Workload workload,
            Optional<String> schedule,
            TrainSettings settings,
            Path tokens,
            Optional<String> source,
            int done,
            Optional<Path> save,
            OptionalInt every) {

        /** Where to stop next, to save or because the run has ended. */
        int nextStop(int step) {
            int end = settings.steps();
            return save.isPresent() && every.isPresent()
                    ? Math.min(end, (step / every.getAsInt() + 1) * every.getAsInt())
                    : end;
        }
    }

    /** Files of a checkpoint that were written or read. */
    record FilesOutcome(Path folder, TrainerState state, List<FileRow> rows) {
        public FilesOutcome {
            rows = List.copyOf(rows);
        }
    }

    /** A file, or all of them; {@code seconds} of the slowest rank. */
    record FileRow(String file, long bytes, double seconds) {}

    /**
     * A run, ended or cancelled.
     *
     * @param plan that ran
     * @param stepsDone whole steps; the weights are those after them
     * @param metrics of each step done
     * @param timeline of the last step, measured
     * @param recent the last steps, for the trace file
     * @param memory high-water marks of the run
     * @param bubblePercent idle share of the pipeline, measured
     * @param communicationPercent share of time in collectives and transfers, measured
     * @param time terms of a step, predicted and measured
     * @param environment cores, devices, limits, versions, simulated or not
     */
    record TrainOutcome(
            Plan plan,
            int stepsDone,
            boolean cancelled,
            List<StepMetrics> metrics,
            Timeline timeline,
            Timeline recent,
            List<MemoryRow> memory,
            OptionalDouble bubblePercent,
            OptionalDouble communicationPercent,
            OptionalDouble predictedStepMillis,
            OptionalDouble predictedTokensPerSecond,
            List<TimeTerm> time,
            List<Traffic> communication,
            Map<String, Object> environment) {
        public TrainOutcome {
            metrics = List.copyOf(metrics);
            memory = List.copyOf(memory);
            time = List.copyOf(time);
            communication = List.copyOf(communication);
            environment = Map.copyOf(environment);
        }
    }

    /** A term of a step's time: {@code compute}, {@code tensorCommunication}, {@code bubble} … */
    record TimeTerm(String name, OptionalDouble predictedMillis, OptionalDouble measuredMillis) {}

    /** Messages of one collective on one axis over a run. */
    record Traffic(
            String axis,
            String collective,
            OptionalLong expectedCount,
            OptionalLong expectedBytes,
            OptionalLong countedCount,
            OptionalLong countedBytes) {}

    /**
     * What one rank has sent.
     *
     * @param bytesTo each rank, itself included with 0
     * @param byCollective bytes to all together: {@code all_reduce}, {@code send} …
     */
    record TrafficRow(int rank, String role, List<Long> bytesTo, Map<String, Long> byCollective) {
        public TrafficRow {
            bytesTo = List.copyOf(bytesTo);
            byCollective = Map.copyOf(byCollective);
        }
    }

    record MemoryRow(
            int rank,
            String role,
            String device,
            MemoryUse measured,
            Optional<MemoryUse> planned,
            OptionalLong limitBytes) {}

    /**
     * A generation.
     *
     * @param firstTokenMillis from the request to the first new token
     * @param tokenMillis of each new token, the first one included
     */
    record InferOutcome(
            List<Integer> tokens, double firstTokenMillis, List<Double> tokenMillis, List<MemoryRow> memory) {
        public InferOutcome {
            tokens = List.copyOf(tokens);
            tokenMillis = List.copyOf(tokenMillis);
            memory = List.copyOf(memory);
        }
    }

    record CheckRequest(
            Plan.Workload workload,
            Optional<String> schedule,
            int steps,
            OptionalDouble tolerance,
            Path tokens,
            Optional<String> breakage) {}

    /**
     * A comparison with one device.
     *
     * @param verdict {@code same bits}, {@code rounding} or {@code bug}
     * @param firstDeviation the first tensor, in order of computation, that is neither
     */
    record CheckOutcome(Plan plan, List<CheckRow> rows, String verdict, Optional<String> firstDeviation) {
        public CheckOutcome {
            rows = List.copyOf(rows);
        }
    }

    /**
     * One tensor compared.
     *
     * @param rank that computed it; empty if it was joined from all
     * @param kind {@code output}, {@code gradient} or {@code parameter}
     * @param float64Relative the same difference when all is computed in float64
     */
    record CheckRow(
            String tensor,
            OptionalInt rank,
            String kind,
            double maxAbsolute,
            double maxRelative,
            OptionalDouble float64Relative,
            String verdict) {}

    /** One thing looked at; {@code advice} is empty where all is well. */
    record DoctorRow(String subject, String finding, boolean healthy, String advice) {}
}
