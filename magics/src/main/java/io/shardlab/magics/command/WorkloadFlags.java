package io.shardlab.magics.command;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --batch --seq --microbatches --schedule}. */
final class WorkloadFlags {

    @Option(
            names = "--batch",
            paramLabel = "B",
            converter = Values.Count.class,
            description = "sequences of one step, all micro-batches together")
    @Nullable
    Integer batch;

    @Option(names = "--seq", paramLabel = "S", converter = Values.Count.class, description = "tokens of one sequence")
    @Nullable
    Integer seq;

    @Option(
            names = "--microbatches",
            paramLabel = "M",
            converter = Values.Count.class,
            description = "consecutive slices of the batch; must divide it")
    @Nullable
    Integer microbatches;

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            description = "of the pipeline: gpipe | 1f1b (default) | 1f1b-eager | interleaved | zb-h1, or your own")
    @Nullable
    String schedule;

    WorkloadChoice read() {
        return new WorkloadChoice(
                Values.optional(batch), Values.optional(seq), Values.optional(microbatches), Values.optional(schedule));
    }
}
