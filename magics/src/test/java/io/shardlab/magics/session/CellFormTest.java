package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.command.PushCommand;
import io.shardlab.magics.command.Verbs;
import io.shardlab.magics.screen.RecordingPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What a cell with %%shard shows, and how its first line is read. */
final class CellFormTest {

    @TempDir
    Path home;

    private final RecordingPort port = new RecordingPort(true);
    private final FakeBackend backend = new FakeBackend();

    @SuppressWarnings("NullAway.Init") // Opened before each test.
    private Notebook notebook;

    @BeforeEach
    void up() {
        notebook = new Notebook(port, () -> backend, Map.of("SHARDLAB_HOME", home.toString()));
        notebook.line(List.of("up", "-n", "4"));
        port.displays.clear();
        backend.started.clear();
    }

    @AfterEach
    void down() {
        notebook.close();
    }

    private static String message(Executable wrong) {
        return String.valueOf(assertThrows(ShardException.class, wrong).getMessage());
    }

    private String refusal(List<String> arguments, String body) {
        return String.valueOf(assertThrows(ShardException.class, () -> notebook.cell(arguments, body))
                .getMessage());
    }

    @Test
    void equalValuesAndEqualTextAreShownOnce() {
        CellRun run = (CellRun) notebook.cell(List.of(), "1 + 1");
        assertEquals("ranks 0–3 (×4): 1 + 1\n", port.streamed.toString());
        assertEquals("ranks 0–3 (×4): 5\n", port.displays.get(0).text());
        assertEquals(Optional.of("5"), run.value(3));
        assertEquals(4, run.table().rowCount());
    }

    @Test
    void theSelectionIsRanksOrRolesAndAnUnknownRankIsAnError() {
        CellRun run = (CellRun) notebook.cell(List.of("-t", "1-2"), "1 + 1");
        assertEquals("ranks 1–2 (×2): 5\n", port.displays.get(0).text());
        assertThrows(IllegalArgumentException.class, () -> run.value(0));
        assertTrue(refusal(List.of("-t", "7"), "1 + 1").contains("there is no rank 7"));
        assertEquals(1, backend.started.size());
    }

    @Test
    void aFailingRankFailsTheCellWithACardAndTheOthersValuesAreShown() {
        String message = refusal(List.of(), "throw up");
        assertTrue(message.contains("rank 0") && message.contains("cell 1, line 1") && message.contains("IOException"));
        assertEquals("ranks 1–3 (×3): 8\n", port.displays.get(0).text());
        assertTrue(port.displays.get(1).html().contains("&lt;b&gt;"), "the card is escaped");
    }

    @Test
    void aMistakeIsShownOnceWithItsLineAndMark() {
        String message = refusal(List.of(), "mistake;");
        assertTrue(message.startsWith("the cell does not compile: line 1: cannot find symbol"), message);
        assertEquals(1, port.displays.size());
        assertTrue(port.displays.get(0).text().endsWith("    mistake;\n    ^\n"));
    }

    @Test
    void otherFormsAreRefusedInOneLine() {
        assertTrue(refusal(List.of("status"), "x").contains("'status' is no form of a cell"));
        assertTrue(refusal(List.of("--groop"), "x").contains("did you mean --group?"));
        assertTrue(refusal(List.of("--timeout", "0"), "x").contains("more than 0 seconds"));
        assertTrue(refusal(List.of(), "  \n").contains("empty"));
        assertTrue(message(() -> notebook.line(List.of("cell"))).contains("needs a body"));
        assertEquals(List.of(), backend.started);
    }

    @Test
    void anOutputNameKeepsTheResult() {
        notebook.cell(List.of("cell", "-o", "first"), "1 + 1");
        assertEquals("cell on ranks 0–3", notebook.openLab().result("first").toString());
        assertTrue(message(() -> notebook.openLab().result("second")).contains("kept: first"));
    }

    @Test
    void literalsBecomeTheNarrowestType() {
        assertEquals(Map.of("x", 3), pushed("x=3"));
        assertEquals(Map.of("x", 5_000_000_000L), pushed("x=5000000000"));
        assertEquals(Map.of("x", -0.5, "y", true), pushed("x=-.5", "y=true"));
        assertEquals(Map.of("s", "two words", "n", 1), pushed("s=two words", "n=1"));
        assertArrayEquals(
                new double[] {1, 2.5}, (double[]) pushed("v=[1,", "2.5]").get("v"));
        assertArrayEquals(
                new int[][] {{1}, {2}}, (int[][]) pushed("v=[[1],[2]]").get("v"));
    }

    private static Map<String, Object> pushed(String... words) {
        List<String> line = new ArrayList<>(List.of("push"));
        line.addAll(List.of(words));
        return ((PushCommand) Verbs.parse(line)).values();
    }

    @Test
    void whatIsNoValueIsRefused() {
        for (String wrong : List.of("x", "v=[1,true]", "v=[1,[2]]", "v=[1", "x=1 x=2")) {
            assertThrows(ShardException.class, () -> notebook.line(List.of("push", wrong)), wrong);
        }
        assertEquals(List.of(), backend.started);
    }

    @Test
    void variablesAndPulledValuesAreTablesAndFetchedValuesAreJavaValues() {
        notebook.line(List.of("vars", "-t", "0"));
        assertTrue(port.displays.get(0).text().contains("2 × 3"));
        Pulled pulled = (Pulled) notebook.line(List.of("pull", "x"));
        assertArrayEquals(new int[] {2, 7}, (int[]) pulled.value(2));
        assertEquals(4, pulled.table().rowCount());
        notebook.line(List.of("push", "y=1"));
        assertEquals(List.of("push [y]"), backend.started);
    }
}
