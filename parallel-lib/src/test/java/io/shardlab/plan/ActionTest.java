package io.shardlab.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ActionTest {

    @Test
    void everyActionReadsBackFromItsPrint() {
        List<Action> actions = new ArrayList<>();
        for (int stage : List.of(0, 1, 12, 999_999)) {
            for (int microbatch : List.of(0, 7, 31, 999_999)) {
                for (Pass pass : Pass.values()) {
                    actions.add(new Action.Compute(stage, pass, microbatch));
                }
                for (Pass pass : List.of(Pass.FORWARD, Pass.BACKWARD)) {
                    actions.add(new Action.Send(stage, pass, microbatch));
                    actions.add(new Action.Receive(stage, pass, microbatch));
                }
            }
            actions.add(new Action.ReduceGradients(stage));
        }
        for (Action action : actions) {
            assertEquals(action, Action.parse(action.toString()));
        }
    }

    @Test
    void theNotationIsPyTorchs() {
        assertEquals(new Action.Compute(0, Pass.FORWARD, 3), Action.parse("0F3"));
        assertEquals(new Action.Compute(2, Pass.BACKWARD_WEIGHT, 10), Action.parse("2W10"));
        assertEquals(new Action.Send(1, Pass.FORWARD, 3), Action.parse("1SEND_F3"));
        assertEquals(new Action.Receive(2, Pass.BACKWARD, 0), Action.parse("2RECV_B0"));
        assertEquals(new Action.ReduceGradients(0), Action.parse("0REDUCE_GRAD"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "F3",
                "0F",
                "0f3",
                "-1F0",
                "0F-1",
                "0X3",
                "0SEND_F",
                "0SENDF3",
                "0SEND_I3",
                "0RECV_W3",
                "0REDUCE_GRAD0",
                "0F3 ",
                "0F3,0F4",
                "1234567F0",
                "0REDUCEGRAD",
                "٣F0"
            })
    void malformedActionsAreRefusedByName(String text) {
        var refused = assertThrows(IllegalArgumentException.class, () -> Action.parse(text));
        assertTrue(String.valueOf(refused.getMessage()).contains("'" + text + "'"), refused.getMessage());
    }

    @Test
    void aReceiveNeedsTheSendOfTheNeighbour() {
        assertEquals(List.of(Action.parse("1SEND_F3")), Action.parse("2RECV_F3").needs(4));
        assertEquals(List.of(Action.parse("3SEND_B3")), Action.parse("2RECV_B3").needs(4));
        assertEquals(Action.parse("2RECV_F3"), ((Action.Send) Action.parse("1SEND_F3")).receive());
    }

    @Test
    void theLastStageTakesItsGradientFromTheLoss() {
        assertEquals(List.of(Action.parse("3F0")), Action.parse("3B0").needs(4));
        assertEquals(
                List.of(Action.parse("2F0"), Action.parse("3I0")),
                Action.parse("2B0").needs(4));
        assertEquals(List.of(), Action.parse("0F0").needs(4));
    }
}
