package io.shardlab.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.plan.Action;
import io.shardlab.plan.Pass;
import io.shardlab.plan.Schedule;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleRuleTest {

    /** Gradients are then summed in one order in every layout, so pipeline runs are bitwise equal to a single device. */
    @ParameterizedTest
    @ValueSource(strings = {"gpipe", "1f1b", "1f1b-eager", "zb-h1"})
    void backwardsRunInMicrobatchOrder(String rule) {
        for (int p = 1; p <= 8; p++) {
            for (int m = 1; m <= 16; m++) {
                requireOrder(ScheduleRule.named(rule).schedule(p, m));
            }
        }
    }

    @Test
    void backwardsOfEachChunkRunInMicrobatchOrder() {
        for (int chunks = 2; chunks <= 4; chunks++) {
            for (int p = 2; p <= 4; p++) {
                requireOrder(new Interleaved(chunks).schedule(p, 3 * p));
            }
        }
    }

    private static void requireOrder(Schedule schedule) {
        assertTrue(schedule.sumsInOrder());
        for (int stage = 0; stage < schedule.numStages(); stage++) {
            int index = stage;
            List<Integer> order = schedule.actions().get(schedule.rankOf(stage)).stream()
                    .map(Action.Compute.class::cast)
                    .filter(compute -> compute.stage() == index)
                    .filter(compute -> compute.pass() == Pass.BACKWARD || compute.pass() == Pass.BACKWARD_WEIGHT)
                    .map(Action.Compute::microbatch)
                    .toList();
            assertEquals(IntStream.range(0, schedule.numMicrobatches()).boxed().toList(), order);
        }
    }

    @Test
    void sumsOutOfOrderAreKnown() {
        assertFalse(Schedule.parse("0F0 0F1 0B1 0B0").sumsInOrder());
        assertTrue(Schedule.parse("0F0 0F1 0I1 0I0 0W0 0W1").sumsInOrder());
        assertFalse(Schedule.parse("0F0 0F1 0I0 0I1 0W1 0W0").sumsInOrder());
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpipe", "1f1b", "1f1b-eager", "zb-h1"})
    void oneRankRunsThePlainLoop(String rule) {
        Schedule expected = Schedule.parse("0F0 0B0 0F1 0B1 0F2 0B2");
        assertEquals(expected.actions(), ScheduleRule.named(rule).schedule(1, 3).actions());
        assertEquals(
                expected.actions(),
                Lowering.lower(ScheduleRule.named(rule).schedule(1, 3), 1).actions());
    }

    @Test
    void whatARuleCannotDoIsSaid() {
        assertRefused(
                () -> ScheduleRule.named("1f2b"),
                "schedule '1f2b' is not one of gpipe, 1f1b, 1f1b-eager, interleaved, zb-h1");
        assertRefused(
                () -> ScheduleRule.named("interleaved"), "schedule interleaved needs chunks of at least 2, not 1");
        assertRefused(
                () -> ScheduleRule.named("zb-h1", 2),
                "schedule zb-h1 runs 1 stage per rank, not chunks=2; interleaved runs several");
        assertRefused(
                () -> new Interleaved(2).schedule(4, 6),
                "schedule interleaved needs microbatches divisible by pp=4, not 6; use 4");
        assertRefused(() -> new Interleaved(2).schedule(1, 4), "schedule interleaved needs pp of at least 2, not 1");
        assertRefused(
                () -> new GPipe().schedule(2, 0), "gpipe needs at least one rank and one micro-batch, not 2 and 0");
    }

    @Test
    void aGivenScheduleRunsWhereItWasMadeForOnly() {
        GivenSchedule rule = new GivenSchedule(Schedule.parse("schedule mine\n0F0 0F1 0B0 0B1\n1F0 1B0 1F1 1B1"));
        assertEquals(rule.written(), rule.schedule(2, 2));
        assertRefused(
                () -> rule.schedule(2, 4),
                "schedule mine was made for pp=2 and microbatches=2, not pp=2 and microbatches=4");
        assertRefused(
                () -> rule.schedule(3, 2),
                "schedule mine was made for pp=2 and microbatches=2, not pp=3 and microbatches=2");
        assertRefused(
                () -> rule.requireChunks(2),
                "schedule mine runs 1 stage per rank, not chunks=2; interleaved runs several");
        assertRefused(
                () -> new GivenSchedule(Schedule.parse("0F0 0B0 2F0 2B0\n1F0 1B0")),
                "schedule custom: 3 stages do not spread evenly over 2 ranks");
    }

    @Test
    void completingKeepsTransfersAndAddsMissingGradientSums() {
        Schedule passes = new OneForwardOneBackward().schedule(2, 2);
        Schedule full = Lowering.lower(passes, 1);
        assertEquals(full, Lowering.complete(passes, 1));
        assertEquals(full, Lowering.complete(full, 1));
        assertEquals(Lowering.lower(passes, 2), Lowering.complete(full, 2));
        assertEquals(Lowering.lower(passes, 2), Lowering.complete(Lowering.lower(passes, 2), 2));
    }

    private static void assertRefused(Executable asking, String message) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, asking).getMessage());
    }

    @Test
    void loweringReceivesJustBeforeUseAndSendsJustAfterProduction() {
        assertEquals(
                Schedule.parse(
                                """
                                0F0 0SEND_F0 0F1 0SEND_F1 0RECV_B0 0B0 0RECV_B1 0B1 0REDUCE_GRAD
                                1RECV_F0 1F0 1B0 1SEND_B0 1RECV_F1 1F1 1B1 1SEND_B1 1REDUCE_GRAD
                                """)
                        .actions(),
                Lowering.lower(new OneForwardOneBackward().schedule(2, 2), 2).actions());
    }

    @Test
    void splitBackwardsSendTheirGradientAfterTheInputPass() {
        Schedule split = Schedule.parse("0F0 0B0\n1F0 1I0 1W0");
        assertEquals(
                "1RECV_F0 1F0 1I0 1SEND_B0 1W0",
                Lowering.lower(split, 1).text().lines().skip(2).findFirst().orElseThrow());
        ScheduleCheck.check(Lowering.lower(split, 1));
    }

    /**
     * Two chunks per rank (Narayanan et al. 2021, section 2.2.2, as a user would hand it in): rank 0 sends rank 1 outputs of
     * stages 0 and 2 and gradients of stage 2, which rank 1 does not use in that order.
     */
    @Test
    void loweringKeepsMessagesInOrderWhereRanksHoldSeveralStages() {
        Schedule interleaved = Schedule.parse(
                """
                schedule interleaved
                0F0 0F1 2F0 2F1 0F2 2B0 0F3 2B1 2F2 0B0 2F3 0B1 2B2 2B3 0B2 0B3
                1F0 1F1 3F0 3B0 3F1 3B1 1F2 1B0 1F3 1B1 3F2 3B2 3F3 3B3 1B2 1B3
                """);
        ScheduleCheck.check(Lowering.lower(interleaved, 2));
        Schedule earlyGradient = Schedule.parse("0F0 2F0 2B0 0F1 0B0 2F1 2B1 0B1\n1F0 3F0 3B0 1F1 1B0 3F1 3B1 1B1");
        Schedule lowered = ScheduleCheck.check(Lowering.lower(earlyGradient, 1));
        assertTrue(lowered.text().contains("1RECV_B0 1RECV_F1 1F1 1SEND_F1 1B0"), lowered.text());
    }

    @Test
    void loweringTakesPassesOnly() {
        Schedule full = Lowering.lower(new GPipe().schedule(2, 1), 1);
        assertThrows(IllegalArgumentException.class, () -> Lowering.lower(full, 1));
    }
}
