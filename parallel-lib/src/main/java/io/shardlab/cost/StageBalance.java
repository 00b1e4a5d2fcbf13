package io.shardlab.cost;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts a row of layers into stages so that the slowest stage is as fast as possible.
 *
 * <p>The slowest stage sets the pace of a pipeline: a step takes Σ t_i + (M−1) max t_i (Zheng et al. 2022, eq. 2).
 */
public final class StageBalance {

    private final double[] costUpTo;
    private final double firstExtra;
    private final double lastExtra;
    private final int stages;

    private StageBalance(List<Double> layerCosts, double firstExtra, double lastExtra, int stages) {
        this.costUpTo = new double[layerCosts.size() + 1];
        for (int i = 0; i < layerCosts.size(); i++) {
            costUpTo[i + 1] = costUpTo[i] + layerCosts.get(i);
        }
        this.firstExtra = firstExtra;
        this.lastExtra = lastExtra;
        this.stages = stages;
    }

    /**
     * The number of layers of each stage, at least one, by dynamic programming in O(layers² · stages).
     *
     * <p>Of several best cuts the one whose last stage has the fewest layers, and so on for the stages before it, each
     * time among the best cuts of what is left.
     *
     * @param layerCosts in model order, any unit
     * @param firstExtra what the first stage has besides layers (the embedding)
     * @param lastExtra what the last stage has besides layers (the head)
     */
    public static List<Integer> split(List<Double> layerCosts, double firstExtra, double lastExtra, int stages) {
        if (stages < 1 || layerCosts.size() < stages) {
            throw new IllegalArgumentException(
                    "pp=" + stages + " needs at least one layer per stage, the model has " + layerCosts.size());
        }
        return new StageBalance(layerCosts, firstExtra, lastExtra, stages).cut();
    }

    /**
     * The same where stage s runs on rank s mod {@code ranks}. With several stages per rank what a rank runs in all counts first
     * and its dearest stage second: from the best cut of single stages on, single layers move from stage to stage for as
     * long as that helps.
     */
    public static List<Integer> split(
            List<Double> layerCosts, double firstExtra, double lastExtra, int stages, int ranks) {
        List<Integer> counts = new ArrayList<>(split(layerCosts, firstExtra, lastExtra, stages));
        if (stages == ranks) {
            return counts;
        }
        StageBalance balance = new StageBalance(layerCosts, firstExtra, lastExtra, stages);
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int from = 0; from < stages; from++) {
                for (int to = 0; to < stages; to++) {
                    moved |= from != to && balance.moveOneLayer(counts, from, to, ranks);
                }
            }
        }
        return counts;
    }

    /** Takes a layer from one stage and gives one to another, if that is better; the stages between shift by a layer. */
    private boolean moveOneLayer(List<Integer> counts, int from, int to, int ranks) {
        if (counts.get(from) == 1) {
            return false;
        }
        List<Integer> changed = new ArrayList<>(counts);
        changed.set(from, counts.get(from) - 1);
        changed.set(to, counts.get(to) + 1);
        if (!isCheaper(changed, counts, ranks)) {
            return false;
        }
        counts.clear();
        counts.addAll(changed);
        return true;
    }

    /** Judged by the dearest rank, by how even ranks are, and by the same of stages; differences of rounding do not count. */
    private boolean isCheaper(List<Integer> left, List<Integer> right, int ranks) {
        for (int bins : new int[] {ranks, stages}) {
            double[] mine = sums(left, bins);
            double[] others = sums(right, bins);
            double dearest = Arrays.stream(mine).max().orElse(0)
                    - Arrays.stream(others).max().orElse(0);
            double evenness = squares(mine) - squares(others);
            for (double difference : new double[] {dearest * costUpTo[costUpTo.length - 1], evenness}) {
                if (Math.abs(difference) > 1e-9 * squares(others)) {
                    return difference < 0;
                }
            }
        }
        return false;
    }

    private static double squares(double[] sums) {
        return Arrays.stream(sums).map(sum -> sum * sum).sum();
    }

    /** What the stages s, s + bins, s + 2·bins … cost together, for each s below {@code bins}. */
    private double[] sums(List<Integer> counts, int bins) {
        double[] sums = new double[bins];
        int first = 0;
        for (int stage = 0; stage < stages; stage++) {
            int end = first + counts.get(stage);
            sums[stage % bins] += cost(stage + 1, first, end);
            first = end;
        }
        return sums;
    }

    private List<Integer> cut() {
        int numLayers = costUpTo.length - 1;
        double[][] best = new double[stages + 1][numLayers + 1];
        int[][] lastCount = new int[stages + 1][numLayers + 1];
        for (int stage = 1; stage <= stages; stage++) {
            for (int layers = stage; layers <= numLayers; layers++) {
                best[stage][layers] = Double.POSITIVE_INFINITY;
                int most = stage == 1 ? layers : layers - stage + 1;
                for (int count = stage == 1 ? layers : 1; count <= most; count++) {
                    double slowest = Math.max(best[stage - 1][layers - count], cost(stage, layers - count, layers));
                    if (slowest < best[stage][layers]) {
                        best[stage][layers] = slowest;
                        lastCount[stage][layers] = count;
                    }
                }
            }
        }
        List<Integer> counts = new ArrayList<>();
        int left = numLayers;
        for (int stage = stages; stage >= 1; stage--) {
            counts.add(0, lastCount[stage][left]);
            left -= lastCount[stage][left];
        }
        return counts;
    }

    private double cost(int stage, int from, int to) {
        return costUpTo[to] - costUpTo[from] + (stage == 1 ? firstExtra : 0) + (stage == stages ? lastExtra : 0);
    }
}
