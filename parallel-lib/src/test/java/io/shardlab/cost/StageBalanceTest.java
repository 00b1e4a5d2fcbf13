package io.shardlab.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StageBalanceTest {

    @Test
    void noOtherCutHasAFasterSlowestStage() {
        Random random = new Random(3);
        for (int round = 0; round < 300; round++) {
            int stages = 1 + random.nextInt(4);
            List<Double> costs = new ArrayList<>();
            for (int i = 0; i < stages + random.nextInt(6); i++) {
                costs.add((double) (1 + random.nextInt(9)));
            }
            double first = random.nextInt(10);
            double last = random.nextInt(10);
            List<Integer> counts = StageBalance.split(costs, first, last, stages);
            assertEquals(
                    costs.size(), counts.stream().mapToInt(Integer::intValue).sum());
            assertEquals(bestByTrying(costs, 0, first, last, stages), slowest(costs, counts, first, last));
        }
    }

    private static double bestByTrying(List<Double> costs, int from, double first, double last, int stages) {
        double best = Double.POSITIVE_INFINITY;
        if (stages == 1) {
            return first
                    + last
                    + costs.subList(from, costs.size()).stream()
                            .mapToDouble(c -> c)
                            .sum();
        }
        for (int to = from + 1; to <= costs.size() - stages + 1; to++) {
            double here =
                    first + costs.subList(from, to).stream().mapToDouble(c -> c).sum();
            best = Math.min(best, Math.max(here, bestByTrying(costs, to, 0, last, stages - 1)));
        }
        return best;
    }

    private static double slowest(List<Double> costs, List<Integer> counts, double first, double last) {
        double slowest = 0;
        int from = 0;
        for (int stage = 0; stage < counts.size(); stage++) {
            int to = from + counts.get(stage);
            double cost = costs.subList(from, to).stream().mapToDouble(c -> c).sum();
            cost += (stage == 0 ? first : 0) + (stage == counts.size() - 1 ? last : 0);
            slowest = Math.max(slowest, cost);
            from = to;
        }
        return slowest;
    }

    @Test
    void tiesGiveTheLastStageLess() {
        assertEquals(List.of(3, 2), StageBalance.split(Collections.nCopies(5, 1.0), 0, 0, 2));
        assertEquals(List.of(3, 3, 2), StageBalance.split(Collections.nCopies(8, 1.0), 0, 0, 3));
        assertEquals(List.of(3, 2, 1), StageBalance.split(Collections.nCopies(6, 1.0), 0, 10, 3));
    }

    @Test
    void theHeadTakesLayersFromTheLastStage() {
        assertEquals(List.of(5, 3), StageBalance.split(Collections.nCopies(8, 1.0), 0, 2, 2));
    }

    /** With equal layers a rank's dearest sum is that of its best number of layers, whichever stages they are in. */
    @Test
    void severalStagesPerRankBalanceRanksFirst() {
        for (int ranks = 2; ranks <= 4; ranks++) {
            for (int chunks = 2; chunks <= 3; chunks++) {
                int stages = ranks * chunks;
                for (int layers = stages; layers <= 3 * stages; layers++) {
                    for (double last : new double[] {0, 0.5, 1.5, 4}) {
                        List<Integer> counts =
                                StageBalance.split(Collections.nCopies(layers, 1.0), 0, last, stages, ranks);
                        assertEquals(
                                layers,
                                counts.stream().mapToInt(Integer::intValue).sum());
                        double[] sums = new double[ranks];
                        sums[ranks - 1] = last;
                        for (int stage = 0; stage < stages; stage++) {
                            sums[stage % ranks] += counts.get(stage);
                        }
                        double dearest = Arrays.stream(sums).max().orElseThrow();
                        assertEquals(bestForRanks(layers, last, ranks, chunks), dearest, counts + " " + ranks);
                    }
                }
            }
        }
        assertEquals(List.of(2, 2, 1, 1), StageBalance.split(Collections.nCopies(6, 1.0), 0, 0, 4, 2));
    }

    private static double bestForRanks(int layers, double last, int ranks, int chunks) {
        double best = Double.POSITIVE_INFINITY;
        for (int onLast = chunks; onLast <= layers - (ranks - 1) * chunks; onLast++) {
            int most = (layers - onLast + ranks - 2) / (ranks - 1);
            best = Math.min(best, Math.max(onLast + last, most));
        }
        return best;
    }

    @Test
    void aStageWithoutLayersIsRefused() {
        var refused =
                assertThrows(IllegalArgumentException.class, () -> StageBalance.split(List.of(1.0, 1.0), 0, 0, 3));
        assertEquals("pp=3 needs at least one layer per stage, the model has 2", refused.getMessage());
    }
}
