package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import io.shardlab.plan.Segment;
import io.shardlab.tensor.Extent;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which KV head each query head of a rank reads. Usually every KV head serves equally many; where the query heads of one KV head
 * are divided between ranks, it does not.
 *
 * @param keyValueHeads for each local query head, its local KV head; ascending, from 0 without gaps
 */
record HeadGroups(List<Integer> keyValueHeads) {

    HeadGroups {
        keyValueHeads = List.copyOf(keyValueHeads);
    }

    static HeadGroups of(Segment segment, Segment.Attention attention, int tensorIndex) {
        Extent rows = Mathematics.part(segment.parameters().get(0), tensorIndex);
        int first = Math.toIntExact(rows.start() / attention.headDim());
        int count = Math.toIntExact(rows.length() / attention.headDim());
        int perHead = attention.numHeads() / attention.numKeyValueHeads();
        return new HeadGroups(IntStream.range(first, first + count)
                .mapToObj(head -> head / perHead - first / perHead)
                .toList());
    }

    int keyValueHead(int queryHead) {
        return keyValueHeads.get(queryHead);
    }

    /** Whether every KV head serves equally many query heads. */
    boolean uniform() {
        int numGroups = keyValueHeads.get(keyValueHeads.size() - 1) + 1;
        if (keyValueHeads.size() % numGroups != 0) {
            return false;
        }
        int perHead = keyValueHeads.size() / numGroups;
        return IntStream.range(0, keyValueHeads.size()).allMatch(head -> keyValueHeads.get(head) == head / perHead);
    }

    /** Gives every query head its own copy of its KV head: [B,T,K,E] to [B,T,H,E]; gradients of copies add up. */
    NDArray repeat(NDArray x_BTKE) {
        NDList copies = new NDList();
        for (int head : keyValueHeads) {
            copies.add(x_BTKE.get(new NDIndex(":, :, " + head + ":" + (head + 1))));
        }
        return NDArrays.concat(copies, 2);
    }
}
