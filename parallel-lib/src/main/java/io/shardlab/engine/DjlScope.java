package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import io.shardlab.plan.Segment;
import io.shardlab.tensor.TensorShape;
import io.shardlab.tensor.TensorType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One micro-batch as DJL arrays on a manager of its own. */
final class DjlScope implements Scope {

    /** What a segment's backward pass needs: its result with the graph behind it, and the leaves it started from. */
    private record Graph(NDArray output, List<NDArray> leaves) {}

    /** The same for a norm computed by hand. */
    private record NormGraph(HostNorm norm, NDArray input, double[] roots) {}

    private final DjlShard shard;
    private final NDManager manager;
    private final boolean training;
    private final Map<String, Graph> graphs = new HashMap<>();
    private final Map<String, NormGraph> norms = new HashMap<>();
    private final VocabularyPasses vocabulary;

    DjlScope(DjlShard shard, NDManager manager, boolean training) {
        this.shard = shard;
        this.manager = manager;
        this.training = training;
        vocabulary = new VocabularyPasses(manager, training);
        manager.setName("micro-batch");
    }

    @Override
    public Tensor tokens(int[] ids, TensorShape shape) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        // A copy in native memory: an array made from Java numbers lives in a Java buffer, which the garbage
        // collector frees while an autograd graph still reads it.
        try (NDArray staged = manager.create(wide, DjlTensor.shape(shape))) {
            return new DjlTensor(staged.duplicate());
        }
    }

    @Override
    public Tensor allocate(TensorShape shape) {
        return new DjlTensor(manager.create(DjlTensor.shape(shape), DjlTensor.dataType(shard.type())));
    }

    @Override
    public Tensor scalar(double value) {
        return new DjlTensor(
                shard.type() == TensorType.FLOAT32 ? manager.create((float) value) : manager.create(value));
    }

    @Override
    public Tensor forward(Segment segment, List<Tensor> inputs) {
        DjlShard.Layer layer = shard.layer(segment);
        if (segment.kind() instanceof Segment.Norm norm && !manager.getDevice().isGpu()) {
            return normByHand(segment, norm, inputs.get(0), layer.leaves().get(0));
        }
        if (VocabularyPasses.computes(segment)) {
            return vocabulary.forward(layer, inputs);
        }
        boolean graph = training && !(segment.kind() instanceof Segment.Residual);
        // Intermediate results live on a manager that closes at once: what the graph needs, it holds itself.
        try (NDManager temporary = manager.newSubManager()) {
            List<NDArray> leaves = new ArrayList<>();
            for (int i = 0; i < inputs.size(); i++) {
                NDArray leaf = DjlTensor.array(inputs.get(i)).stopGradient();
                leaf.attach(temporary);
                if (graph && layer.mathematics().differentiable(i)) {
                    leaf.setRequiresGradient(true);
                }
                leaves.add(leaf);
            }
            JniUtils.setGradMode(graph);
            NDArray output;
            try {
                output = layer.mathematics().forward(leaves, layer.leaves());
            } finally {
                JniUtils.setGradMode(false);
            }
            output.attach(manager);
            if (!graph) {
                return new DjlTensor(output);
            }
            leaves.forEach(leaf -> leaf.attach(manager));
            graphs.put(segment.name(), new Graph(output, leaves));
            return new DjlTensor(output.stopGradient());
        }
    }

    private Tensor normByHand(Segment segment, Segment.Norm kind, Tensor input, NDArray weight) {
        NDArray x = DjlTensor.array(input).stopGradient();
        NDArray y = manager.create(x.getShape(), x.getDataType());
        int width = Math.toIntExact(weight.getShape().get(0));
        HostNorm norm = new HostNorm(Math.toIntExact(x.getShape().size() / width), width, kind.epsilon());
        double[] roots =
                norm.forward(shard.type(), DjlTensor.storage(x), DjlTensor.storage(weight), DjlTensor.storage(y));
        if (training) {
            norms.put(segment.name(), new NormGraph(norm, x, roots));
        } else {
            x.close();
        }
        return new DjlTensor(y);
    }

    private Tensor normBackward(NormGraph graph, NDArray weight, Tensor outputGradient) {
        NDArray dx = manager.create(graph.input.getShape(), graph.input.getDataType());
        HostNorm.Saved saved =
                new HostNorm.Saved(DjlTensor.storage(graph.input), DjlTensor.storage(weight), graph.roots);
        try (NDArray weightGradient = weight.getGradient()) {
            graph.norm.backward(
                    shard.type(),
                    saved,
                    outputGradient.bytes(),
                    DjlTensor.storage(dx),
                    DjlTensor.storage(weightGradient));
        }
        graph.input.close();
        shard.ranBackward();
        return new DjlTensor(dx);
    }

    @Override
    public List<Optional<Tensor>> backward(Segment segment, Tensor outputGradient) {
        if (VocabularyPasses.computes(segment)) {
            List<Optional<Tensor>> gradients = backwardInputs(segment, outputGradient);
            backwardWeights(segment);
            return gradients;
        }
        NormGraph norm = norms.remove(segment.name());
        if (norm != null) {
            NDArray weight = shard.layer(segment).leaves().get(0);
            return List.of(Optional.of(normBackward(norm, weight, outputGradient)));
        }
        if (segment.kind() instanceof Segment.Residual) {
            return List.of(Optional.of(alias(outputGradient)), Optional.of(alias(outputGradient)));
        }
        Graph graph = graphs.remove(segment.name());
        if (graph == null) {
            throw new IllegalStateException("segment '" + segment.name() + "' has no forward pass to go back through");
        }
        JniUtils.backward((PtNDArray) graph.output, (PtNDArray) DjlTensor.array(outputGradient), false, false);
        shard.ranBackward();
        graph.output.close();
        Mathematics mathematics = shard.layer(segment).mathematics();
        List<Optional<Tensor>> gradients = new ArrayList<>();
        for (int i = 0; i < graph.leaves.size(); i++) {
            NDArray leaf = graph.leaves.get(i);
            gradients.add(
                    mathematics.differentiable(i) ? Optional.of(new DjlTensor(leaf.getGradient())) : Optional.empty());
            leaf.close();
        }
        return gradients;
    }

    @Override
    public List<Optional<Tensor>> backwardInputs(Segment segment, Tensor outputGradient) {
        if (!VocabularyPasses.computes(segment)) {
            return Scope.super.backwardInputs(segment, outputGradient);
        }
        return vocabulary.backwardInputs(shard.layer(segment), outputGradient);
    }

    @Override
    public void backwardWeights(Segment segment) {
        if (!VocabularyPasses.computes(segment)) {
            Scope.super.backwardWeights(segment);
            return;
        }
        vocabulary.backwardWeights(shard.layer(segment));
        shard.ranBackward();
    }

    @Override
    public Tensor alias(Tensor tensor) {
        return new DjlTensor(DjlTensor.array(tensor).stopGradient());
    }

    @Override
    public Tensor add(Tensor left, Tensor right) {
        return new DjlTensor(DjlTensor.array(left).add(DjlTensor.array(right)));
    }

    @Override
    public Tensor nextTokenLogits(Segment head, Tensor hidden) {
        DjlShard.Layer layer = shard.layer(head);
        try (NDManager temporary = manager.newSubManager()) {
            NDArray input = DjlTensor.array(hidden).stopGradient();
            input.attach(temporary);
            NDArray logits = lastLogits(layer, input);
            logits.attach(manager);
            return new DjlTensor(logits);
        }
    }

    private static NDArray lastLogits(DjlShard.Layer layer, NDArray input) {
        if (layer.mathematics() instanceof HeadMathematics whole) {
            return whole.lastLogits(input, layer.leaves());
        }
        if (layer.mathematics() instanceof VocabularyScoresMathematics) {
            return VocabularyScoresMathematics.lastScores(input, layer.leaves().get(0));
        }
        throw new IllegalArgumentException("segment '" + layer.segment().name() + "' is not a head");
    }

    @Override
    public void close() {
        manager.close();
    }
}
