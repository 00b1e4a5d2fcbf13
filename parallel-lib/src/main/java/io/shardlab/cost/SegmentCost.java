package io.shardlab.cost;

import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.Extent;
import io.shardlab.tensor.TensorShape;

/**
 * What a segment costs one rank of the tensor axis for one micro-batch, from its local shapes.
 *
 * <p>A multiplication with its addition counts as 2 FLOPs; a backward takes twice the forward, once for the inputs'
 * gradients and once for the weights'. Saved elements are what the engine's tapes keep <em>inside</em> the segment; the values
 * between steps are counted once, by {@link MemoryEstimate}.
 *
 * <p>Legend: b sequences, T tokens, N = b·T rows, D model width, A = H·d local query width, C = K·d local key width, H local
 * heads, F local hidden width, V local vocabulary.
 *
 * @param forwardFlops of the forward pass
 * @param savedElements kept inside the segment from forward to backward
 * @param largestElements of the largest tensor inside: its gradient is what a backward needs on top
 */
public record SegmentCost(double forwardFlops, long savedElements, long largestElements) {

    /**
     * The sizes that a segment's parameters do not tell.
     *
     * @param splitOver how many tensor ranks divide the rows of values between blocks; 1 where each has all
     */
    public record Rows(long batch, long sequence, long width, int splitOver) {

        /** Rows that every tensor rank has. */
        public Rows(long batch, long sequence, long width) {
            this(batch, sequence, width, 1);
        }

        /** What one tensor rank has of rows that are divided. */
        Rows part(int tensorIndex) {
            return splitOver == 1
                    ? this
                    : new Rows(
                            1, Extent.even(count(), splitOver).get(tensorIndex).length(), width);
        }

        public long count() {
            return batch * sequence;
        }

        /** The rows of one micro-batch of one data rank. */
        public static Rows of(Plan plan) {
            int perStep = plan.scheme().data() * plan.schedule().numMicrobatches();
            int batch = plan.workload().batch();
            return new Rows(
                    (batch + perStep - 1) / perStep,
                    plan.workload().sequence(),
                    plan.hiddenSize(),
                    plan.splitsRows() ? plan.scheme().tensor() : 1);
        }
    }

    public static SegmentCost of(Segment segment, int tensorIndex, Rows rows) {
        Segment.Kind kind = segment.kind();
        if (kind instanceof Segment.Embedding) {
            return embedding(rows);
        }
        if (kind instanceof Segment.Norm) {
            return norm(rows);
        }
        if (kind instanceof Segment.Attention attention) {
            return attention(
                    rows,
                    local(segment, 0, tensorIndex).dim(0),
                    local(segment, 1, tensorIndex).dim(0),
                    attention.headDim());
        }
        if (kind instanceof Segment.FeedForward) {
            return feedForward(rows, local(segment, 0, tensorIndex).dim(0));
        }
        if (kind instanceof Segment.Residual) {
            return new SegmentCost(rows.count() * rows.width(), 0, 0);
        }
        if (kind instanceof Segment.Head) {
            return head(rows, local(segment, 1, tensorIndex).dim(0));
        }
        if (kind instanceof Segment.Block block) {
            return block(segment, block, tensorIndex, rows);
        }
        if (kind instanceof Segment.PartialLinear linear) {
            long outputs = rows.batch() * linear.output().numElements();
            return new SegmentCost(
                    2.0 * outputs * local(segment, 0, tensorIndex).dim(1), 0, outputs);
        }
        if (kind instanceof Segment.Bias bias) {
            long outputs = rows.batch() * bias.output().numElements();
            return new SegmentCost(outputs, 0, outputs);
        }
        if (kind instanceof Segment.Loss) {
            return new SegmentCost(0, 0, 0);
        }
        if (kind instanceof Segment.VocabularyScores) {
            return vocabularyScores(rows, local(segment, 0, tensorIndex).dim(0));
        }
        if (kind instanceof Segment.VocabularyLoss) {
            return new SegmentCost(0, 0, 0);
        }
        throw new IllegalArgumentException(
                "segment " + segment.name() + " of kind " + kind + " has no cost formula yet; add one here");
    }

    /** The cost of all segments of a stage; saved elements add up, of the largest only one counts. */
    public static SegmentCost of(Stage stage, int tensorIndex, Rows rows) {
        double flops = 0;
        long saved = 0;
        long largest = 0;
        StageValues values = new StageValues(stage, tensorIndex, rows);
        for (Step step : stage.steps()) {
            if (step instanceof Step.Local local) {
                SegmentCost cost = of(local.segment(), tensorIndex, values.rows(step));
                flops += cost.forwardFlops();
                saved += cost.savedElements();
                largest = Math.max(largest, cost.largestElements());
            }
        }
        return new SegmentCost(flops, saved, largest);
    }

    private static TensorShape local(Segment segment, int parameter, int tensorIndex) {
        return segment.parameters().get(parameter).localShape(tensorIndex);
    }

    /** As measured for whole parameters; where they are cut, so are the arithmetic and what is kept. */
    private static SegmentCost block(Segment segment, Segment.Block block, int tensorIndex, Rows rows) {
        double held = 1;
        if (!segment.parameters().isEmpty()) {
            ParameterSpec first = segment.parameters().get(0);
            held = (double) first.localShape(tensorIndex).numElements()
                    / first.shape().numElements();
        }
        long largest = Math.max(block.input().numElements(), block.output().numElements());
        return new SegmentCost(
                rows.batch() * block.flops() * held,
                Math.round(rows.batch() * block.saved() * held),
                rows.batch() * largest);
    }

    /** Looks rows up: no arithmetic; keeps the token ids, counted as values between steps. */
    private static SegmentCost embedding(Rows rows) {
        return new SegmentCost(0, 0, rows.count() * rows.width());
    }

    /** x·rsqrt(mean x² + ε)·w: keeps the reciprocal root [N], in double precision. */
    private static SegmentCost norm(Rows rows) {
        long n = rows.count();
        return new SegmentCost(4.0 * n * rows.width(), 2 * n, n * rows.width());
    }

    /**
     * Projections 2N·D(A+2C) and 2N·A·D, scores and context 2·2N·T·A (the masked half is computed too), softmax 5N·T·H.
     * Keeps q, k, v, the softmax [b,H,T,T] and the context [N,A]. The scores before the softmax live no longer than it takes,
     * and gradients of scores are made head by head.
     */
    private static SegmentCost attention(Rows rows, long a, long c, long headDim) {
        long n = rows.count();
        long scores = n * rows.sequence() * (a / headDim);
        double flops = 2.0 * n * rows.width() * (2 * a + 2 * c) + 4.0 * n * rows.sequence() * a + 5.0 * scores;
        return new SegmentCost(flops, 2 * n * a + 2 * n * c + scores, Math.max(scores / 3, n * a));
    }

    /** Three products of 2N·D·F. Keeps gate, its sigmoid and up, all [N,F]. */
    private static SegmentCost feedForward(Rows rows, long f) {
        long n = rows.count();
        return new SegmentCost(6.0 * n * rows.width() * f + 6.0 * n * f, 3 * n * f, n * f);
    }

    /** A norm, 2N·D·V and 5N·V. Keeps what the norm keeps, its output [N,D] and the log-softmax [N,V]. */
    private static SegmentCost head(Rows rows, long v) {
        long n = rows.count();
        SegmentCost norm = norm(rows);
        return new SegmentCost(
                norm.forwardFlops() + 2.0 * n * rows.width() * v + 5.0 * n * v,
                norm.savedElements() + n * rows.width() + n * v,
                n * Math.max(v, rows.width()));
    }

    /** 2N·D·V and 5N·V. Keeps the exponentials [N,V]. */
    private static SegmentCost vocabularyScores(Rows rows, long v) {
        long n = rows.count();
        return new SegmentCost(2.0 * n * rows.width() * v + 5.0 * n * v, n * v, n * v);
    }
}
