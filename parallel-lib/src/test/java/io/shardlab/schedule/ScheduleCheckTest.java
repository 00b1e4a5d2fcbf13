package io.shardlab.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.shardlab.plan.Action;
import io.shardlab.plan.Schedule;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduleCheckTest {

    @Test
    void everyRulePassesForAnyNumberOfMicrobatches() {
        for (String rule : List.of("gpipe", "1f1b", "1f1b-eager", "zb-h1")) {
            for (int p = 1; p <= 8; p++) {
                for (int m = 1; m <= 16; m++) {
                    for (int d = 1; d <= 2; d++) {
                        Schedule schedule =
                                Lowering.lower(ScheduleRule.named(rule).schedule(p, m), d);
                        assertSame(schedule, ScheduleCheck.check(schedule));
                    }
                }
            }
        }
    }

    @Test
    void interleavingPassesForAnyNumberOfGroupsAndChunks() {
        for (int p = 2; p <= 8; p++) {
            for (int m = p; m <= 4 * p; m += p) {
                for (int chunks = 2; chunks <= 4; chunks++) {
                    Schedule schedule = Lowering.lower(
                            ScheduleRule.named("interleaved", chunks).schedule(p, m), 2);
                    assertSame(schedule, ScheduleCheck.check(schedule));
                }
            }
        }
    }

    @Test
    void aDeadLockIsDrawn() {
        assertProblem(
                """
                0F0 0SEND_F0 0RECV_B1 0RECV_B0 0B0 0F1 0SEND_F1 0B1
                1RECV_F0 1F0 1B0 1SEND_B0 1RECV_F1 1F1 1B1 1SEND_B1
                """,
                """
                schedule custom: dead-lock: rank 0 waits in 0RECV_B1 for [1SEND_B1]; rank 1 waits in 1RECV_F1 for [0SEND_F1]
                rank 0 | 0F0      0SEND_F0 >0RECV_B1< 0RECV_B0 0B0        0F1 0SEND_F1 0B1
                rank 1 | 1RECV_F0 1F0      1B0        1SEND_B0 >1RECV_F1< 1F1 1B1      1SEND_B1
                """);
    }

    @Test
    void aReceiveWithoutSendIsDrawn() {
        assertProblem(
                """
                0F0 0RECV_B0 0B0
                1RECV_F0 1F0 1B0 1SEND_B0
                """,
                """
                schedule custom: 1RECV_F0 has no partner: rank 0 never runs 0SEND_F0
                rank 0 | 0F0        0RECV_B0 0B0
                rank 1 | >1RECV_F0< 1F0      1B0 1SEND_B0
                """);
    }

    @Test
    void messagesOutOfOrderAreDrawn() {
        assertProblem(
                """
                0F0 0SEND_F0 0F1 0SEND_F1 0RECV_B0 0B0 0RECV_B1 0B1
                1RECV_F1 1F1 1RECV_F0 1F0 1B0 1SEND_B0 1B1 1SEND_B1
                """,
                """
                schedule custom: rank 1 receives 1RECV_F1 where rank 0 sends 0SEND_F0 first: messages of two ranks keep their order
                rank 0 | 0F0        0SEND_F0 0F1      0SEND_F1 0RECV_B0 0B0      0RECV_B1 0B1
                rank 1 | >1RECV_F1< 1F1      1RECV_F0 1F0      1B0      1SEND_B0 1B1      1SEND_B1
                """);
    }

    @Test
    void everyOtherMistakeIsNamed() {
        assertProblemLine("0F0", "rank 0 never runs 0B0");
        assertProblemLine("0F0 0F0 0B0", "0F0 stands twice on rank 0");
        assertProblemLine("0B0 0F0", "0B0 needs 0F0 before it on the same rank");
        assertProblemLine("0F0 0B0 0W0", "0B0 already includes 0W0");
        assertProblemLine("0F0 0I0", "rank 0 never runs 0W0");
        assertProblemLine("1F0\n0F0", "1F0 stands on rank 0, but stage 1 lives on rank 1");
        assertProblemLine("schedule x stages=1\n0F0 0B0 1F0", "1F0: there are only stages 0 to 0");
        assertProblemLine("schedule x microbatches=1\n0F0 0B0 0F1", "0F1: there are only micro-batches 0 to 0");
        assertProblemLine("0F0 0SEND_F0 0B0", "0SEND_F0: stage 0 has no neighbour on that side");
        assertProblemLine("0F0 0SEND_F0 1RECV_F0 1F0 1B0 0B0", "0SEND_F0: stages 0 and 1 share a rank");
        assertProblemLine("0F0 0REDUCE_GRAD 0B0", "0REDUCE_GRAD needs 0B0 before it on the same rank");
        assertProblemLine(
                "0F0 0SEND_F0 0RECV_B0 0B0 0REDUCE_GRAD\n1RECV_F0 1F0 1B0 1SEND_B0",
                "REDUCE_GRAD must stand for every stage or for none; missing for [1]");
        assertProblemLine(
                "0F0 0RECV_B0 0B0\n1F0 1B0 1SEND_B0",
                "1F0 needs 1RECV_F0 before it on the same rank, which is missing");
        assertProblemLine(
                "0SEND_F0 0F0 0RECV_B0 0B0\n1RECV_F0 1F0 1B0 1SEND_B0",
                "0SEND_F0 needs 0F0 before it on the same rank");
    }

    /** Whatever single action is taken away, the check turns red; so no part of the check is idle. */
    @Test
    void noActionCanBeLeftOut() {
        requireEveryAction(new OneForwardOneBackward(), 4);
        requireEveryAction(new ZeroBubbleH1(), 4);
        requireEveryAction(new Interleaved(2), 6);
    }

    private static void requireEveryAction(ScheduleRule rule, int numMicrobatches) {
        Schedule whole = Lowering.lower(rule.schedule(3, numMicrobatches), 2);
        for (int rank = 0; rank < whole.numRanks(); rank++) {
            for (int position = 0; position < whole.actions().get(rank).size(); position++) {
                List<List<Action>> actions = new ArrayList<>(whole.actions());
                List<Action> shorter = new ArrayList<>(actions.get(rank));
                shorter.remove(position);
                actions.set(rank, shorter);
                Schedule broken = new Schedule("broken", whole.numStages(), numMicrobatches, actions);
                assertThrows(ScheduleException.class, () -> ScheduleCheck.check(broken));
            }
        }
    }

    private static void assertProblem(String text, String message) {
        var refused = assertThrows(ScheduleException.class, () -> ScheduleCheck.check(Schedule.parse(text)));
        assertEquals(message, refused.getMessage());
    }

    private static void assertProblemLine(String text, String problem) {
        var refused = assertThrows(ScheduleException.class, () -> ScheduleCheck.check(Schedule.parse(text)));
        String line = String.valueOf(refused.getMessage()).lines().findFirst().orElse("");
        assertEquals(problem, line.substring(line.indexOf(": ") + 2));
    }
}
