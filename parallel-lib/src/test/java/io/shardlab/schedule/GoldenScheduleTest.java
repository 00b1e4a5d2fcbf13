package io.shardlab.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.plan.Schedule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pictures in {@code resources/schedules}, which people have read, stay as they are. */
class GoldenScheduleTest {

    @ParameterizedTest
    @CsvSource({
        "gpipe,1,3",
        "gpipe,2,1",
        "gpipe,2,4",
        "gpipe,3,2",
        "gpipe,3,5",
        "gpipe,4,4",
        "gpipe,4,8",
        "1f1b,1,3",
        "1f1b,2,1",
        "1f1b,2,4",
        "1f1b,3,2",
        "1f1b,3,5",
        "1f1b,4,1",
        "1f1b,4,4",
        "1f1b,4,8",
        "1f1b-eager,1,3",
        "1f1b-eager,2,4",
        "1f1b-eager,4,4",
        "1f1b-eager,4,8",
        "interleaved,2,2",
        "interleaved,2,4",
        "interleaved,4,4",
        "interleaved,4,8",
        "zb-h1,1,3",
        "zb-h1,2,1",
        "zb-h1,2,4",
        "zb-h1,3,5",
        "zb-h1,4,2",
        "zb-h1,4,4",
        "zb-h1,4,8"
    })
    void theScheduleLooksAsDrawn(String rule, int numRanks, int numMicrobatches) throws IOException {
        int chunks = rule.equals("interleaved") ? 2 : 1;
        Schedule schedule = ScheduleRule.named(rule, chunks).schedule(numRanks, numMicrobatches);
        String name = "/schedules/" + rule + "-p" + numRanks + "-m" + numMicrobatches + ".txt";
        try (var file = Objects.requireNonNull(getClass().getResourceAsStream(name), name)) {
            String drawn = new String(file.readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(drawn, Grid.ofTimes(schedule).toString());
            assertEquals(drawn, Grid.ofTimes(Lowering.lower(schedule, 2)).toString());
        }
    }
}
