package io.shardlab.magics.backend;

import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.plan.Plan;
import io.shardlab.trace.MemoryUse;
import io.shardlab.trace.Timeline;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Models, plans and what is placed. Same rules as {@link Backend}, of which this is a part. */
public interface Plans {

    List<ModelRow> models();

    /** Compiles and keeps a model that a cell wrote, or finds one; with workers up, also what it consists of. */
    ModelOutcome model(ModelOptions options);

    /** The schedules that plans may name, those that were written in this session included. */
    Schedules schedules();

    /** Plans and prices; starts nothing. */
    Estimate plan(PlanOptions options);

    /** The plan on the workers now. */
    Optional<Plan> placed();

    /** Prices the placed plan with another workload or schedule. */
    Estimate repriced(Plan.Workload workload, Optional<String> schedule);

    PlaceOutcome place(PlanOptions options);

    /**
     * A model that can be named.
     *
     * @param decoder its measures, if it is a decoder
     * @param parameters empty for a block of the notebook that no worker has looked at
     */
    record ModelRow(String name, String family, Optional<DecoderSize> decoder, OptionalLong parameters) {

        /** A block that a cell wrote. */
        public static ModelRow ofNotebook(String name, OptionalLong parameters) {
            return new ModelRow(name, "block of this notebook", Optional.empty(), parameters);
        }
    }

    record DecoderSize(int layers, long hidden, int heads, int kvHeads, int vocabulary, int longest) {}

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

        /** Whether every rank fits its device. */
        public boolean fits() {
            return ranks.stream().allMatch(RankEstimate::fits);
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

    /** Refuses a plan of which some rank does not fit its device; says the smallest layout that does, if there is one. */
    final class DoesNotFit extends IllegalArgumentException {

        private final transient Estimate estimate;

        public DoesNotFit(Estimate estimate) {
            super(String.join(" ", estimate.advice()));
            this.estimate = estimate;
        }

        public Estimate estimate() {
            return estimate;
        }
    }

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
}
