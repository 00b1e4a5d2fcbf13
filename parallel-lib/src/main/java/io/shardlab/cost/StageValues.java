package io.shardlab.cost;

import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How large the values of a stage program are on one rank of the tensor axis, for one micro-batch. */
final class StageValues {

    private final Map<String, SegmentCost.Rows> rows = new HashMap<>();
    private final Map<String, Long> elements = new HashMap<>();

    StageValues(Stage stage, int tensorIndex, SegmentCost.Rows whole) {
        SegmentCost.Rows part = whole.part(tensorIndex);
        put(Stage.TARGETS, whole, 0);
        if (stage.input().equals(Stage.TOKENS)) {
            put(Stage.TOKENS, whole, 0);
        } else {
            put(
                    stage.input(),
                    part,
                    stage.inputSampleShape()
                            .map(sample -> part.batch() * sample.numElements())
                            .orElse(part.count() * part.width()));
        }
        for (Step step : stage.steps()) {
            SegmentCost.Rows before = rows(step);
            if (step instanceof Step.Communicate communicate) {
                SegmentCost.Rows after =
                        switch (communicate.collective()) {
                            case COPY, ALL_REDUCE -> before;
                            case GATHER, ALL_GATHER -> whole;
                            case SPLIT, REDUCE_SCATTER -> communicate.parts() == Step.Parts.ROWS ? part : whole;
                        };
                put(step.output(), after, after.count() * communicate.width());
            } else if (step instanceof Step.Local local) {
                put(step.output(), before, elements(local.segment(), before));
            } else {
                put(step.output(), before, elements(step.inputs().get(0)));
            }
        }
    }

    private static long elements(Segment segment, SegmentCost.Rows rows) {
        if (segment.kind() instanceof Segment.Head || segment.kind() instanceof Segment.VocabularyLoss) {
            return 1;
        }
        return segment.kind()
                .sampleShape()
                .map(sample -> rows.batch() * sample.numElements())
                .orElse(rows.count() * (segment.kind() instanceof Segment.VocabularyScores ? 3 : rows.width()));
    }

    private void put(String name, SegmentCost.Rows rowsOfValue, long numElements) {
        rows.put(name, rowsOfValue);
        elements.put(name, numElements);
    }

    /** The rows of what a step reads first. */
    SegmentCost.Rows rows(Step step) {
        SegmentCost.Rows known = rows.get(step.inputs().get(0));
        if (known == null) {
            throw new IllegalArgumentException(
                    "'" + step.output() + "' reads the unknown " + List.copyOf(step.inputs()));
        }
        return known;
    }

    long elements(String value) {
        return elements.getOrDefault(value, 0L);
    }
}
