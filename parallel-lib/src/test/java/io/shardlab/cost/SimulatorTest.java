package io.shardlab.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cost.StageCosts.PassNanos;
import io.shardlab.plan.Schedule;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleRule;
import io.shardlab.trace.Timeline;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SimulatorTest {

    private static final long F = 1_000;
    private static final long B = 2_100;

    private static Schedule lowered(String rule, int p, int m) {
        return Lowering.lower(ScheduleRule.named(rule).schedule(p, m), 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpipe", "1f1b"})
    void theBubbleIsTheClosedFormula(String rule) {
        for (int p = 1; p <= 8; p++) {
            for (int m = 1; m <= 32; m++) {
                Timeline timeline = Simulator.simulate(lowered(rule, p, m), StageCosts.equal(p, F, B));
                assertEquals((m + p - 1) * (F + B), timeline.makespanNanos());
                assertEquals((m + p - 1) * (F + B), timeline.passWindowNanos());
                for (int rank = 0; rank < p; rank++) {
                    assertEquals((p - 1) * (F + B), timeline.makespanNanos() - timeline.busyNanos(rank));
                }
                assertEquals((p - 1.0) / (m + p - 1), timeline.bubbleShare(), 1e-12);
            }
        }
    }

    /** Zheng et al. 2022, eq. 2. */
    @Test
    void unequalStagesOfGPipeTakeTheirSumAndTheSlowestMoreTimes() {
        Random random = new Random(5);
        for (int p = 2; p <= 8; p++) {
            for (int m = 1; m <= 32; m++) {
                List<PassNanos> passes = unequal(random, p);
                assertEquals(formula(passes, m), makespan("gpipe", passes, m), "p=" + p + " m=" + m);
            }
        }
    }

    /**
     * For 1F1B the same formula holds where the last stage is slowest. A slow early stage hides part of it: it runs its
     * first p−i forwards back to back while the others fill, so up to (p−1) of its forwards cost nothing.
     */
    @Test
    void unequalStagesOfOneForwardOneBackwardTakeAtMostAsLong() {
        Random random = new Random(6);
        for (int p = 2; p <= 8; p++) {
            for (int m = 1; m <= 32; m++) {
                List<PassNanos> passes = unequal(random, p);
                long slowestForward =
                        passes.stream().mapToLong(PassNanos::forward).max().orElseThrow();
                long hidden = formula(passes, m) - makespan("1f1b", passes, m);
                assertTrue(hidden >= 0 && hidden <= (p - 1) * slowestForward, "p=" + p + " m=" + m + " " + hidden);
                passes.set(p - 1, PassNanos.of(slowestForward, 2 * slowestForward));
                assertEquals(formula(passes, m), makespan("1f1b", passes, m), "p=" + p + " m=" + m);
            }
        }
    }

    private static List<PassNanos> unequal(Random random, int numStages) {
        List<PassNanos> passes = new ArrayList<>();
        for (int stage = 0; stage < numStages; stage++) {
            long forward = 100 + random.nextInt(900);
            passes.add(PassNanos.of(forward, 2 * forward));
        }
        return passes;
    }

    private static long formula(List<PassNanos> passes, int m) {
        long sum = 0;
        long slowest = 0;
        for (PassNanos stage : passes) {
            long time = stage.forward() + stage.backward();
            sum += time;
            slowest = Math.max(slowest, time);
        }
        return sum + (m - 1) * slowest;
    }

    private static long makespan(String rule, List<PassNanos> passes, int m) {
        return Simulator.simulate(lowered(rule, passes.size(), m), StageCosts.of(passes, 0))
                .makespanNanos();
    }

    /**
     * The published table (Narayanan et al. 2021, section 2.2; Qi et al. 2023, table 1): idle time of every rank and
     * micro-batches in flight on rank 0, F, I and W being those of all of a rank's stages.
     */
    @ParameterizedTest
    @CsvSource({"gpipe,1", "1f1b,1", "1f1b-eager,1", "interleaved,2", "interleaved,3", "zb-h1,1"})
    void bubblesAndMicrobatchesInFlightAreThoseOfThePublishedTable(String rule, int v) {
        for (int p : new int[] {2, 4, 8}) {
            for (int m : new int[] {p, 2 * p, 4 * p}) {
                for (PassNanos whole : List.of(new PassNanos(600, 600, 600), new PassNanos(600, 720, 420))) {
                    PassNanos part =
                            new PassNanos(whole.forward() / v, whole.backwardInput() / v, whole.backwardWeight() / v);
                    Schedule schedule =
                            Lowering.lower(ScheduleRule.named(rule, v).schedule(p, m), 1);
                    Timeline timeline =
                            Simulator.simulate(schedule, StageCosts.of(Collections.nCopies(p * v, part), 0));
                    long full = whole.forward() + whole.backward();
                    long bubble = (p - 1)
                            * (rule.equals("zb-h1")
                                    ? whole.forward() + whole.backwardInput() - whole.backwardWeight()
                                    : full / v);
                    for (int rank = 0; rank < p; rank++) {
                        assertEquals(bubble, timeline.passWindowNanos() - timeline.passNanos(rank), rule + p + m);
                    }
                    assertEquals((double) bubble / (bubble + m * full), timeline.bubbleShare(), 1e-12, rule + p + m);
                    assertEquals(peakOfRankZero(rule, p, m, v), schedule.peakOnRank(0, stage -> 1), rule + p + m);
                }
            }
        }
    }

    /** In stages' worth of micro-batches: v of them are one whole micro-batch. */
    private static int peakOfRankZero(String rule, int p, int m, int v) {
        return switch (rule) {
            case "gpipe" -> m;
            case "1f1b-eager" -> Math.min(m, 2 * p - 1);
            case "interleaved" -> Math.min(m * v, p * v + p - 1);
            default -> Math.min(m, p);
        };
    }

    /** Every rank of ZB-H1 holds as much as rank 0, weight gradients put off included. */
    @Test
    void zeroBubbleHoldsAsMuchOnEveryRank() {
        for (int p = 2; p <= 8; p++) {
            for (int rank = 0; rank < p; rank++) {
                assertEquals(p, lowered("zb-h1", p, 2 * p).peakOnRank(rank, stage -> 1));
            }
        }
    }

    @Test
    void microbatchesInFlightAreThoseOfThePapers() {
        for (int p = 2; p <= 8; p++) {
            for (int m = 1; m <= 32; m++) {
                for (int rank = 0; rank < p; rank++) {
                    assertEquals(m, lowered("gpipe", p, m).peakOnRank(rank, stage -> 1));
                    assertEquals(Math.min(m, p - rank), lowered("1f1b", p, m).peakOnRank(rank, stage -> 1));
                }
            }
        }
    }

    /** Each of the p−1 hops is waited for once on the way in and once on the way out. */
    @ParameterizedTest
    @CsvSource({"gpipe,1", "1f1b-eager,2"})
    void latencyAddsTwoHopsPerNeighbour(String rule, int leastRanks) {
        long hop = 70;
        for (int p = leastRanks; p <= 8; p++) {
            for (int m = rule.equals("gpipe") ? 1 : p; m <= 32; m++) {
                StageCosts costs = new StageCosts(StageCosts.equal(p, F, 2 * F).passes(), hop, 0, 0);
                Timeline timeline = Simulator.simulate(lowered(rule, p, m), costs);
                assertEquals((m + p - 1) * 3 * F + 2 * hop * (p - 1), timeline.makespanNanos(), "p=" + p + " m=" + m);
            }
        }
    }

    /** 1F1B has no slack: every round of p micro-batches waits for a round trip through all hops. */
    @Test
    void latencyAddsARoundTripPerRoundToOneForwardOneBackward() {
        long hop = 70;
        for (int p = 2; p <= 8; p++) {
            for (int m = p; m <= 32; m += p) {
                StageCosts costs = new StageCosts(StageCosts.equal(p, F, 2 * F).passes(), hop, 0, 0);
                Timeline timeline = Simulator.simulate(lowered("1f1b", p, m), costs);
                long waiting = 2 * hop * ((long) m * (p - 1) / p + p - 2);
                assertEquals((m + p - 1) * 3 * F + waiting, timeline.makespanNanos(), "p=" + p + " m=" + m);
            }
        }
    }

    @Test
    void aScheduleThatNeverEndsIsRefused() {
        Schedule stuck = Schedule.parse("0F0 0RECV_B0 0B0\n1RECV_F0 1F0 1B0 1SEND_B0");
        assertThrows(IllegalArgumentException.class, () -> Simulator.simulate(stuck, StageCosts.equal(2, 1, 2)));
    }
}
