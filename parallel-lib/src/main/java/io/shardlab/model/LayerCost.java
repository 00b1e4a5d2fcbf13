package io.shardlab.model;

import io.shardlab.cost.StageBalance;
import java.util.Collections;
import java.util.List;

/** Multiplications per token of a decoder's parts: what the split into stages balances. */
final class LayerCost {

    private LayerCost() {}

    /** Layers per stage, so that the dearest rank is as cheap as can be, embedding and head counted. */
    static List<Integer> split(ModelSpec model, int numStages, int numRanks, int sequence) {
        double d = model.hiddenSize();
        double heads = (double) model.numHeads() * model.headDim();
        double keys = (double) model.numKeyValueHeads() * model.headDim();
        double attention = d * (2 * heads + 2 * keys) + 2.0 * sequence * heads;
        double layer = attention + 3 * d * model.feedForwardSize();
        double embedding = d;
        double head = d * model.vocabularySize();
        return StageBalance.split(Collections.nCopies(model.numLayers(), layer), embedding, head, numStages, numRanks);
    }
}
