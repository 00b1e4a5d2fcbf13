package io.shardlab.cost;

import java.util.ArrayList;
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
