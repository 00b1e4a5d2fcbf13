package io.shardlab.mesh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SelectionTest {

    /** Ranks 0 to 7: pp = rank / 4, tp = rank mod 4. */
    private static final Mesh MESH = new Mesh(1, 2, 4);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0            | 0",
                "0,2          | 0 2",
                "2,0,2        | 0 2",
                "0-2          | 0 1 2",
                "0-1,7        | 0 1 7",
                "::2          | 0 2 4 6",
                "1::3         | 1 4 7",
                "2:4          | 2 3",
                "all          | 0 1 2 3 4 5 6 7",
                "pp=1         | 4 5 6 7",
                "tp=0-1,pp=0  | 0 1",
                "tp=::2       | 0 2 4 6",
                "last-stage   | 4 5 6 7",
                "last-stage,tp=3 | 7",
                "dp=0,tp=1    | 1 5",
            })
    void everyWrittenFormSelectsItsRanks(String text, String ranks) {
        List<Integer> expected =
                Arrays.stream(ranks.split(" ")).map(Integer::valueOf).toList();
        assertEquals(expected, Selection.parse(text).ranks(MESH));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "-1",
                "0-",
                "2-1",
                "::0",
                "0;rm",
                "0,,1",
                "tp=",
                "ep=1",
                "0,tp=1",
                "1.5",
                "٣",
                "first-stage"
            })
    void anythingElseIsRefusedWithTheFormsThatAreAllowed(String text) {
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> Selection.parse(text))
                .getMessage());
        assertTrue(message.startsWith("selection '" + text + "'"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"8", "0-9", "pp=2", "tp=0-4", "2:12", "9::2"})
    void ranksThatTheMeshDoesNotHaveAreAnError(String text) {
        Selection selection = Selection.parse(text);
        assertThrows(IllegalArgumentException.class, () -> selection.ranks(MESH));
    }

    @Test
    void aSelectionPrintsAsItWasWritten() {
        assertEquals("tp=0-3,pp=0", Selection.parse("tp=0-3,pp=0").toString());
    }
}
