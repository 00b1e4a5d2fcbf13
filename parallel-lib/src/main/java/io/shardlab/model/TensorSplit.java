package io.shardlab.model;

import io.shardlab.plan.Words;
import io.shardlab.tensor.Extent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which heads, feed-forward columns and vocabulary rows each tensor rank holds, as equal in cost as can be.
 *
 * <p>Query heads are divided in consecutive runs; a rank holds every KV head that one of its query heads reads, so a KV head
 * whose query heads are divided is held by several ranks.
 *
 * @param queryHeads per rank
 * @param keyValueHeads per rank; neighbours may overlap
 * @param columns of the feed-forward blocks, per rank
 * @param vocabulary rows of embedding and projection, per rank
 * @param imbalance multiplications of a layer's dearest ranks, over the mean of all ranks
 */
record TensorSplit(
        List<Extent> queryHeads,
        List<Extent> keyValueHeads,
        List<Extent> columns,
        List<Extent> vocabulary,
        double imbalance) {

    /**
     * Divides a model.
     *
     * @param sequence T, which decides how dear attention scores are
     * @param uneven whether ranks may get unequal parts; the vocabulary's always may be unequal
     */
    static TensorSplit of(ModelSpec model, int degree, int sequence, boolean uneven) {
        boolean divides = model.numKeyValueHeads() % degree == 0 && model.feedForwardSize() % degree == 0;
        if (degree > most(model) || !(uneven || divides)) {
            throw new IllegalArgumentException("tp=" + degree + " does not split " + obstacle(model, degree, uneven)
                    + "; " + allowed(model, degree, sequence, uneven));
        }
        return divided(model, degree, sequence);
    }

    /** The highest degree that leaves every rank a head, a column and a row. */
    private static int most(ModelSpec model) {
        return Math.min(model.numHeads(), Math.min(model.feedForwardSize(), model.vocabularySize()));
    }

    /** What a degree does not split: first what has too few parts for any split, then what does not divide. */
    private static String obstacle(ModelSpec model, int degree, boolean uneven) {
        String evenly = uneven ? "" : " evenly";
        String columns = Words.counted(model.feedForwardSize(), "feed-forward column");
        if (degree > model.numHeads()) {
            return Words.counted(model.numHeads(), "head") + evenly;
        }
        if (degree > model.feedForwardSize()) {
            return columns + evenly;
        }
        if (degree > model.vocabularySize()) {
            return "a vocabulary of " + model.vocabularySize();
        }
        if (model.numKeyValueHeads() % degree != 0) {
            String noun = model.numKeyValueHeads() == model.numHeads() ? "head" : "KV head";
            return Words.counted(model.numKeyValueHeads(), noun) + evenly;
        }
        return columns + evenly;
    }

    private static String allowed(ModelSpec model, int degree, int sequence, boolean uneven) {
        int most = most(model);
        if (uneven) {
            return "use tp = 1" + (most == 1 ? "" : " to " + most);
        }
        List<Integer> degrees = IntStream.rangeClosed(1, Math.min(most, model.numKeyValueHeads()))
                .filter(t -> model.numKeyValueHeads() % t == 0 && model.feedForwardSize() % t == 0)
                .boxed()
                .toList();
        String even = degrees.stream().map(String::valueOf).collect(Collectors.joining(", "));
        if (degree > most) {
            return "use tp = " + even
                    + (most == degrees.get(degrees.size() - 1) ? "" : ", or up to " + most + " with --uneven");
        }
        TensorSplit split = divided(model, degree, sequence);
        return String.format(
                Locale.ROOT,
                "use tp = %s, or --uneven (heads %s; the dearest rank has %.2f times the mean)",
                even,
                split.queryHeads.stream().map(e -> String.valueOf(e.length())).collect(Collectors.joining("/")),
                split.imbalance);
    }

    private static TensorSplit divided(ModelSpec model, int degree, int sequence) {
        HeadCost cost = new HeadCost(model, sequence);
        List<Extent> queryHeads = cost.divide(degree);
        List<Extent> keyValueHeads =
                queryHeads.stream().map(cost::keyValueHeads).toList();
        List<Extent> columns = Extent.even(model.feedForwardSize(), degree);
        double attentionMost = queryHeads.stream().mapToDouble(cost::of).max().orElse(0);
        double attention = queryHeads.stream().mapToDouble(cost::of).sum() / degree;
        double perColumn = 3.0 * model.hiddenSize();
        double most = attentionMost + perColumn * columns.get(0).length();
        double mean = attention + perColumn * model.feedForwardSize() / degree;
        return new TensorSplit(
                queryHeads, keyValueHeads, columns, Extent.even(model.vocabularySize(), degree), most / mean);
    }

    /** Rows of a projection: {@code size} for each unit of the extents. */
    static List<Extent> scaled(List<Extent> extents, int size) {
        return extents.stream()
                .map(extent -> new Extent(extent.start() * size, extent.length() * size))
                .toList();
    }

    /** Multiplications per token of a run of query heads and the KV heads they read. */
    private static final class HeadCost {

        /** The dearest rank, and the sum of squares, which decides between divisions whose dearest ranks cost the same. */
        private record Total(double most, double squares) {
            Total plus(double cost) {
                return new Total(Math.max(most, cost), squares + cost * cost);
            }

            boolean cheaperThan(Total other) {
                return most < other.most || (most == other.most && squares < other.squares);
            }
        }

        private final int numHeads;
        private final int perKeyValueHead;
        private final double queryHead;
        private final double keyValueHead;

        HeadCost(ModelSpec model, int sequence) {
            numHeads = model.numHeads();
            perKeyValueHead = numHeads / model.numKeyValueHeads();
            double projection = (double) model.hiddenSize() * model.headDim();
            queryHead = 2 * projection + 2.0 * sequence * model.headDim();
            keyValueHead = 2 * projection;
        }

        Extent keyValueHeads(Extent queryHeads) {
            long first = queryHeads.start() / perKeyValueHead;
            return new Extent(first, (queryHeads.end() - 1) / perKeyValueHead - first + 1);
        }

        double of(Extent queryHeads) {
            return queryHead * queryHeads.length()
                    + keyValueHead * keyValueHeads(queryHeads).length();
        }

        /** By dynamic programming over (ranks, heads) in O(heads² · ranks); of equally good divisions the one whose first ranks have most. */
        List<Extent> divide(int degree) {
            Total[][] best = new Total[degree + 1][numHeads + 1];
            int[][] counts = new int[degree + 1][numHeads + 1];
            best[0][0] = new Total(0, 0);
            for (int ranks = 1; ranks <= degree; ranks++) {
                for (int heads = ranks; heads <= numHeads; heads++) {
                    int from = numHeads - heads;
                    for (int count = heads - ranks + 1; count >= 1; count--) {
                        Total rest = best[ranks - 1][heads - count];
                        if (rest == null) {
                            continue;
                        }
                        Total total = rest.plus(of(new Extent(from, count)));
                        Total known = best[ranks][heads];
                        if (known == null || total.cheaperThan(known)) {
                            best[ranks][heads] = total;
                            counts[ranks][heads] = count;
                        }
                    }
                }
            }
            List<Extent> extents = new ArrayList<>();
            int left = numHeads;
            for (int ranks = degree; ranks >= 1; ranks--) {
                int count = counts[ranks][left];
                extents.add(new Extent(numHeads - left, count));
                left -= count;
            }
            return extents;
        }
    }
}
