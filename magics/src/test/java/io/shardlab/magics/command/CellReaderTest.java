package io.shardlab.magics.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class CellReaderTest {

    private final CellReader reader = new CellReader();

    @Test
    void wordsSaidAgainMeanTheSameWithAnotherBody() {
        List<List<String>> cells = List.of(
                List.of(),
                List.of(),
                List.of("-t", "0,2", "--group"),
                List.of("-t", "0,2", "--group"),
                List.of("cell", "--timeout", "3", "-o", "x"),
                List.of("cell", "--timeout", "3", "-o", "x"),
                List.of());
        for (int i = 0; i < cells.size(); i++) {
            String body = "rank + " + i;
            assertEquals(Verbs.parseCell(cells.get(i), body), reader.read(cells.get(i), body));
        }
    }

    @Test
    void anEmptyBodyIsRefusedEachTime() {
        reader.read(List.of("-t", "0"), "rank");
        for (int i = 0; i < 2; i++) {
            assertThrows(IllegalArgumentException.class, () -> reader.read(List.of("-t", "0"), " \n"));
        }
    }

    @Test
    void aRefusedLineIsRefusedAgain() {
        for (int i = 0; i < 2; i++) {
            assertThrows(IllegalArgumentException.class, () -> reader.read(List.of("-t"), "rank"));
        }
    }

    @Test
    void otherFormsOfCellsAreReadAnew() {
        reader.read(List.of(), "rank");
        assertEquals(Verbs.parseCell(List.of("schedule", "mine"), "a"), reader.read(List.of("schedule", "mine"), "a"));
        assertEquals(Verbs.parseCell(List.of("schedule", "mine"), "b"), reader.read(List.of("schedule", "mine"), "b"));
    }
}
