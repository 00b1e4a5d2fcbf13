package io.shardlab.magics.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.WorkerEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** What workers say is heard by the verb that asked them. */
class TurnsTest {

    private final Turns turns = new Turns();
    private final WorkerEvent word = new WorkerEvent.Warned("word");

    @Test
    void aVerbHearsWhatIsSaidInItsTurnAndNoOther() {
        List<String> first = new ArrayList<>();
        List<String> second = new ArrayList<>();
        turns.hear(word);
        try (Turns.Turn turn = turns.take("train")) {
            turn.listen(event -> first.add("heard"));
            turns.hear(word);
        }
        turns.hear(word);
        try (Turns.Turn turn = turns.take("save")) {
            turn.listen(event -> second.add("heard"));
            turns.hear(word);
            turns.hear(word);
        }
        assertEquals(1, first.size());
        assertEquals(2, second.size());
    }

    @Test
    void anotherThreadIsRefusedAtOnceAndToldWhoIsAtIt() {
        try (Turns.Turn turn = turns.take("train")) {
            CompletionException refused = assertThrows(
                    CompletionException.class, () -> CompletableFuture.runAsync(() -> turns.take("describe"))
                            .join());
            String message = String.valueOf(refused.getMessage());
            assertTrue(message.contains("the workers are busy with train; describe needs them"), message);
            try (Turns.Turn again = turns.take("memory")) {
                assertFalse(again.stopping());
            }
            assertThrows(
                    CompletionException.class,
                    () -> CompletableFuture.runAsync(() -> turns.take("describe"))
                            .join(),
                    "the inner end does not give the turn away");
        }
        CompletableFuture.runAsync(() -> turns.take("describe").close()).join();
    }

    @Test
    void aStopIsMeantForTheOneWhoseTurnItIs() {
        turns.stop();
        try (Turns.Turn turn = turns.take("train")) {
            assertFalse(turns.stopping(), "a stop before it was for another one");
            turns.stop();
            assertTrue(turn.stopping());
        }
        try (Turns.Turn turn = turns.take("save")) {
            assertFalse(turn.stopping());
        }
    }
}
