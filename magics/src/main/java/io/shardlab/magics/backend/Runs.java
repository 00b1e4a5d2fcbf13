package io.shardlab.magics.backend;

import io.shardlab.plan.Plan;
import io.shardlab.run.TrainSettings;
import io.shardlab.trace.StepMetrics;
import io.shardlab.trace.Timeline;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** What is done with placed weights. Same rules as {@link Backend}, of which this is a part. */
public interface Runs {

    /** The plan that {@link #train} will run: the placed one under a request's workload and schedule. */
    Plan replanned(TrainRequest request);

    /**
     * Trains the placed weights. A cancelled run ends normally, with fewer steps.
     *
     * @throws UnsavedRun if training went well and a save did not
     */
    TrainOutcome train(TrainRequest request, Progress progress);

    /** Continues token ids greedily with the placed weights. */
    InferOutcome infer(List<Integer> prompt, int maxNew, TokenListener listener);

    CheckOutcome check(CheckRequest request);

    /** Hears each new token, in order. */
    interface TokenListener {
        void token(int id, double millis);
    }

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
        public int nextStop(int step) {
            int end = settings.steps();
            return save.isPresent() && every.isPresent()
                    ? Math.min(end, (step / every.getAsInt() + 1) * every.getAsInt())
                    : end;
        }
    }

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
            List<Measures.MemoryRow> memory,
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
            environment =
                    Collections.unmodifiableMap(new LinkedHashMap<>(environment)); // Map.copyOf would lose its order
        }
    }

    /** A run that ended because it could not be saved; the steps were done. */
    final class UnsavedRun extends RuntimeException {
        private final transient TrainOutcome outcome;
        private final RuntimeException reason;

        public UnsavedRun(TrainOutcome outcome, RuntimeException reason) {
            super(reason);
            this.outcome = outcome;
            this.reason = reason;
        }

        public TrainOutcome outcome() {
            return outcome;
        }

        /** Why it could not be saved, as a user reads it. */
        public RuntimeException reason() {
            return reason;
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
     * A generation.
     *
     * @param firstTokenMillis from the request to the first new token
     * @param tokenMillis of each new token, the first one included
     */
    record InferOutcome(
            List<Integer> tokens,
            double firstTokenMillis,
            List<Double> tokenMillis,
            List<Measures.MemoryRow> memory,
            TokenTime time) {
        public InferOutcome {
            tokens = List.copyOf(tokens);
            tokenMillis = List.copyOf(tokenMillis);
            memory = List.copyOf(memory);
        }
    }

    /** Where the time of a token goes, as means over the tokens and over the ranks that compute. */
    record TokenTime(double computeMillis, double communicationMillis, double waitingMillis) {}

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
}
