package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.shardlab.plan.Segment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The passes of one micro-batch through a head whose vocabulary is split: by hand, without autograd graphs. */
final class VocabularyPasses {

    private record Scored(NDArray x, VocabularyScoresMathematics.Scores scores) {}

    private record PutOff(NDArray x, NDArray slopes_NV) {}

    private final NDManager manager;
    private final boolean training;
    private final Map<String, Scored> scored = new HashMap<>();
    private final Map<String, PutOff> putOff = new HashMap<>();
    private final Map<String, NDArray> losses = new HashMap<>();

    VocabularyPasses(NDManager manager, boolean training) {
        this.manager = manager;
        this.training = training;
    }

    static boolean computes(Segment segment) {
        return segment.kind() instanceof Segment.VocabularyScores || segment.kind() instanceof Segment.VocabularyLoss;
    }

    Tensor forward(DjlShard.Layer layer, List<Tensor> inputs) {
        String name = layer.segment().name();
        NDArray input = DjlTensor.array(inputs.get(0)).stopGradient();
        if (!(layer.mathematics() instanceof VocabularyScoresMathematics mathematics)) {
            NDArray loss = layer.mathematics().forward(List.of(input), List.of());
            losses.put(name, input);
            return new DjlTensor(loss);
        }
        try (NDManager temporary = manager.newSubManager()) {
            input.attach(temporary);
            NDArray targets = attached(DjlTensor.array(inputs.get(1)), temporary);
            NDArray projection = attached(layer.leaves().get(0), temporary);
            VocabularyScoresMathematics.Scores scores = mathematics.scores(input, targets, projection);
            if (training) {
                scores.exponentials_NV().attach(manager);
                scores.targets_N1().attach(manager);
                scores.mine_N1().attach(manager);
                input.attach(manager);
                scored.put(name, new Scored(input, scores));
            }
            scores.result_3N().attach(manager);
            return new DjlTensor(scores.result_3N());
        }
    }

    private static NDArray attached(NDArray array, NDManager to) {
        NDArray handle = array.stopGradient();
        handle.attach(to);
        return handle;
    }

    /** The gradients of the inputs; that of x is complete once summed over the tensor axis. */
    List<Optional<Tensor>> backwardInputs(DjlShard.Layer layer, Tensor outputGradient) {
        String name = layer.segment().name();
        if (layer.segment().kind() instanceof Segment.VocabularyLoss) {
            NDArray scores = known(losses.remove(name), name);
            DjlTensor gradient = new DjlTensor(manager.create(scores.getShape(), scores.getDataType()));
            VocabularyLossMathematics.backward(new DjlTensor(scores), outputGradient.scalar(), gradient);
            scores.close();
            return List.of(Optional.of(gradient));
        }
        Scored saved = known(scored.remove(name), name);
        try (NDManager temporary = manager.newSubManager()) {
            saved.scores.exponentials_NV().attach(temporary);
            saved.scores.targets_N1().attach(temporary);
            saved.scores.mine_N1().attach(temporary);
            NDArray gradient = attached(DjlTensor.array(outputGradient), temporary);
            NDArray projection_VD = attached(layer.leaves().get(0), temporary);
            NDArray slopes_NV = VocabularyScoresMathematics.slopes(saved.scores, gradient);
            NDArray dx = slopes_NV.matMul(projection_VD).reshape(saved.x.getShape());
            slopes_NV.attach(manager);
            dx.attach(manager);
            putOff.put(name, new PutOff(saved.x, slopes_NV));
            return List.of(Optional.of(new DjlTensor(dx)), Optional.empty());
        }
    }

    /** Adds the gradient of the projection; there is none for the loss. */
    void backwardWeights(DjlShard.Layer layer) {
        PutOff rest = putOff.remove(layer.segment().name());
        if (rest == null) {
            return;
        }
        try (NDManager temporary = manager.newSubManager();
                NDArray weightGradient = layer.leaves().get(0).getGradient()) {
            rest.slopes_NV.attach(temporary);
            rest.x.attach(temporary);
            weightGradient.addi(rest.slopes_NV.transpose().matMul(VocabularyScoresMathematics.rows(rest.x)));
        }
    }

    private static <V> V known(@org.jspecify.annotations.Nullable V saved, String segment) {
        if (saved == null) {
            throw new IllegalStateException("segment '" + segment + "' has no forward pass to go back through");
        }
        return saved;
    }
}
