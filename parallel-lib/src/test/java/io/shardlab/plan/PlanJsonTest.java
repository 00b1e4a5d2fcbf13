package io.shardlab.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.schedule.Lowering;
import io.shardlab.schedule.ScheduleRule;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanJsonTest {

    @ParameterizedTest
    @ValueSource(strings = {"single", "tp=2", "pp=2", "tp=2,pp=2", "dp=2,pp=2"})
    void everyPlanReadsBackFromItsJson(String text) throws Exception {
        Scheme scheme = Scheme.parse(text);
        Schedule schedule = Lowering.lower(ScheduleRule.named("1f1b").schedule(scheme.pipeline(), 4), scheme.data());
        for (HandmadePlan handmade : List.of(
                HandmadePlan.of(scheme, schedule, 2),
                HandmadePlan.of(scheme, schedule, 1).withTied())) {
            Plan plan = handmade.plan();
            assertEquals(plan, Json.mapper().readValue(Json.mapper().writeValueAsString(plan), Plan.class));
        }
    }

    @Test
    void actionsAreWrittenInTheirNotation() throws Exception {
        String json =
                Json.mapper().writeValueAsString(ScheduleRule.named("gpipe").schedule(2, 1));
        assertEquals(
                "{\"name\":\"gpipe\",\"numStages\":2,\"numMicrobatches\":1,\"actions\":[[\"0F0\",\"0B0\"],[\"1F0\",\"1B0\"]]}",
                json);
    }
}
