package io.shardlab.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.schedule.GPipe;
import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.OneForwardOneBackward;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {

    @Test
    void everyScheduleReadsBackFromItsText() throws Exception {
        for (var rule : List.of(new GPipe(), new OneForwardOneBackward())) {
            for (int p = 1; p <= 4; p++) {
                for (int m = 1; m <= 8; m++) {
                    Schedule schedule = rule.schedule(p, m);
                    for (Schedule each : List.of(schedule, Lowering.lower(schedule, 1), Lowering.lower(schedule, 2))) {
                        assertEquals(each, Schedule.parse(each.text()));
                        String json = Json.mapper().writeValueAsString(each);
                        assertEquals(each, Json.mapper().readValue(json, Schedule.class));
                    }
                }
            }
        }
    }

    @Test
    void idleRanksReadBackToo() {
        Schedule schedule = new Schedule("odd", 1, 1, List.of(List.of(Action.parse("0F0")), List.of()));
        assertEquals(schedule, Schedule.parse(schedule.text()));
    }

    @Test
    void peopleMayLeaveOutTheHeaderAndUseCommasAndComments() {
        Schedule schedule = Schedule.parse(
                """
                # two ranks, one micro-batch

                0F0, 0SEND_F0,, 0RECV_B0 0B0   # rank 0
                1RECV_F0,1F0,1B0,1SEND_B0
                """);
        assertEquals(2, schedule.numStages());
        assertEquals(1, schedule.numMicrobatches());
        assertEquals(2, schedule.numRanks());
        assertEquals("custom", schedule.name());
        assertEquals(Lowering.lower(new GPipe().schedule(2, 1), 1).actions(), schedule.actions());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "0F0 0G0                    | schedule line 1: action '0G0'",
                "schedule x stages=two      | schedule line 1: 'stages=two'",
                "\"0F0\nschedule late\"     | schedule line 2: the header",
                "# nothing                  | a schedule needs a line of actions"
            })
    void malformedTextIsRefusedWithItsLine(String text, String message) {
        var refused = assertThrows(IllegalArgumentException.class, () -> Schedule.parse(text));
        assertTrue(String.valueOf(refused.getMessage()).startsWith(message), refused.getMessage());
    }

    @Test
    void splitBackwardsHoldTheirMicrobatchUntilTheWeightPass() {
        assertEquals(2, Schedule.parse("0F0 0I0 0F1 0W0 0B1").peakOnRank(0, stage -> 1));
        assertEquals(1, Schedule.parse("0F0 0I0 0W0 0F1 0B1").peakOnRank(0, stage -> 1));
    }
}
