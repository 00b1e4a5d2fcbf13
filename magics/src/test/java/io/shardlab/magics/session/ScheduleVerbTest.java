package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.local.LocalBackend;
import io.shardlab.magics.screen.RecordingPort;
import io.shardlab.plan.Plan;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Schedules are drawn, written in cells, checked at once, and named by plans. The planner is the real one. */
class ScheduleVerbTest {

    private static final String MINE = "0F0 0F1 0B0 0B1\n1F0 1I0 1F1 1I1 1W0 1W1\n";

    @TempDir
    Path home;

    private final RecordingPort port = new RecordingPort(true);

    private Notebook notebook() {
        return new Notebook(port, () -> new LocalBackend(home), Map.of("SHARDLAB_HOME", home.toString()));
    }

    private static List<String> words(String line) {
        return List.of(line.split(" "));
    }

    @ParameterizedTest
    @CsvSource({
        "gpipe,1,8,27.3,8",
        "1f1b,1,8,27.3,4",
        "1f1b-eager,1,8,27.3,7",
        "interleaved,2,8,15.8,5.5",
        "zb-h1,1,8,11.1,4"
    })
    void aRuleIsDrawnWithItsBubbleAndItsPeak(String rule, int chunks, int m, String bubble, double peak) {
        try (Notebook notebook = notebook()) {
            ScheduleView view = (ScheduleView) notebook.line(words("schedule " + rule + " --pp 4 --microbatches " + m));
            assertTrue(view.toString().contains("bubble " + bubble + " %"), view::toString);
            assertEquals(peak, view.peakMicrobatches(0));
            assertEquals(4, view.table().rowCount());
            assertEquals(4 * chunks, view.schedule().numStages());
            assertTrue(port.displays.get(0).text().contains("rank 3 |"), port.displays.get(0)::text);
        }
    }

    @Test
    void aWrittenScheduleIsCheckedDrawnAndPlanned() {
        try (Notebook notebook = notebook()) {
            ScheduleView view = (ScheduleView) notebook.cell(words("schedule mine"), MINE);
            assertEquals("mine", view.schedule().name());
            assertTrue(port.displays.get(1).text().contains("use it with --pp 2 --microbatches 2 --schedule mine"));
            Plan plan = ((PlanView) notebook.line(words("plan tiny --pp 2 --microbatches 2 --schedule mine"))).plan();
            assertEquals(view.schedule().actions(), plan.schedule().actions());
            plan = ((PlanView) notebook.line(words("plan tiny --pp 2 --schedule mine"))).plan();
            assertEquals(2, plan.workload().microbatches(), "those that the schedule was made for");
            assertRefused(
                    notebook,
                    "plan tiny --pp 2 --microbatches 4 --schedule mine",
                    "schedule mine was made for pp=2 and microbatches=2, not pp=2 and microbatches=4");
            assertRefused(notebook, "plan tiny --pp 2 --chunks 2 --microbatches 2 --schedule mine", "not chunks=2");
            assertRefused(notebook, "plan tiny --pp 2 --schedule mone", "did you mean mine?");
            notebook.cell(words("schedule mine"), MINE.replace("1W0 1W1", "1W1 1W0"));
            assertTrue(port.displays.get(port.displays.size() - 1).text().contains("not bit for bit"));
        }
    }

    @Test
    void aScheduleThatCannotRunIsDrawnWithWhatIsWrong() {
        try (Notebook notebook = notebook()) {
            ShardException refused = assertThrows(
                    ShardException.class, () -> notebook.cell(words("schedule mine"), "0F0 0B0 0F1 0B1\n1F0 1F1 1B1"));
            assertEquals("schedule mine: rank 1 never runs 1B0", refused.getMessage());
            assertTrue(port.displays.get(0).text().startsWith("rank 0 | 0F0 0B0 0F1 0B1"), port.displays.get(0)::text);
            refused =
                    assertThrows(ShardException.class, () -> notebook.cell(words("schedule mine"), "0F0 0B0\n1F0 1X0"));
            assertTrue(
                    String.valueOf(refused.getMessage()).contains("schedule line 2: action '1X0'"),
                    refused::getMessage);
            refused = assertThrows(ShardException.class, () -> notebook.cell(words("schedule 1f1b"), MINE));
            assertTrue(String.valueOf(refused.getMessage()).contains("schedule name '1f1b'"), refused::getMessage);
            assertRefused(notebook, "plan tiny --pp 2 --schedule mine", "--schedule mine must be one of gpipe, 1f1b");
        }
    }

    @Test
    void severalChunksAreInterleavedUnlessSaidOtherwise() {
        try (Notebook notebook = notebook()) {
            for (String flags : List.of("--chunks 2", "--schedule interleaved", "--schedule interleaved --chunks 2")) {
                Plan plan = ((PlanView) notebook.line(words("plan tiny --pp 2 " + flags))).plan();
                assertEquals("interleaved", plan.schedule().name());
                assertEquals(4, plan.stages().size());
            }
            assertRefused(notebook, "plan tiny --pp 2 --chunks 2 --schedule gpipe", "gpipe runs 1 stage per rank");
            assertRefused(notebook, "plan tiny --chunks 2", "schedule interleaved needs pp of at least 2, not 1");
            assertRefused(
                    notebook, "plan tiny --pp 2 --chunks 3", "pp=2 with chunks=3 needs at least one layer per stage");
        }
    }

    private static void assertRefused(Notebook notebook, String line, String fragment) {
        ShardException refused = assertThrows(ShardException.class, () -> notebook.line(words(line)));
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.contains(fragment), message);
        assertEquals(1, message.lines().count());
    }
}
