package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cell.RemoteValue;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.screen.RecordingPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The magics of other tools become ours, say so once, and refuse in one line what cannot be done here. */
final class CompatTest {

    @TempDir
    Path home;

    private final RecordingPort port = new RecordingPort(true);
    private final FakeBackend backend = new FakeBackend();
    private final FakeKernel kernel = new FakeKernel();

    @SuppressWarnings("NullAway.Init") // Opened before each test.
    private Notebook notebook;

    @BeforeEach
    void open() {
        notebook = new Notebook(port, kernel, () -> backend, Map.of("SHARDLAB_HOME", home.toString()));
        backend.gpus = true;
        notebook.line(List.of("compat", "nbdistributed"));
        notebook.line(List.of("compat", "ipyparallel"));
        notebook.line(List.of("up", "-n", "4"));
        backend.started.clear();
        port.displays.clear();
    }

    @AfterEach
    void close() {
        notebook.close();
    }

    private List<String> shown() {
        return port.displays.stream()
                .map(content -> content.text().lines().findFirst().orElse(""))
                .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dist_init                  | %dist_init is here %shard up -n 2",
                "dist_init -n 4             | %dist_init is here %shard up -n 4",
                "dist_init --num-processes 2 --gpu-ids 0,1 --master-addr localhost | %dist_init is here %shard up -n 2 -d 0,1",
                "dist_status                | %dist_status is here %shard status",
                "dist_debug                 | %dist_debug is here %shard doctor",
                "dist_shutdown              | %dist_shutdown is here %shard down",
                "dist_reset --nuclear       | %dist_reset is here %shard down --now",
                "sync                       | %sync is here %%shard with the body comm.barrier();",
                "load_ext nbdistributed     | nothing to load; `%shard compat nbdistributed` turns the names on",
                "px int x = rank;           | %px is here %%shard with the body int x = rank;",
                "pxconfig -t [0,1] -a       | each %px and %%px is `%%shard -t 0,1 --noblock` from here on",
            })
    void aLineOfTheirsIsOneOfOurs(String line, String told) {
        kernel.line(line);
        assertEquals(told, shown().get(0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "distributed                | %%distributed is here %%shard                  | ranks 0–3 (×4): 5",
                "rank[0,1]                  | %%rank[0,1] is here %%shard -t 0,1             | ranks 0–1 (×2): 5",
                "rank[1-3]                  | %%rank[1-3] is here %%shard -t 1-3             | ranks 1–3 (×3): 5",
                "rank [0, 2]                | %%rank is here %%shard -t 0,2                  | ranks 0, 2 (×2): 5",
                "px                         | %%px is here %%shard                           | ranks 0–3 (×4): 5",
                "px --targets 1:3           | %%px is here %%shard -t 1:3                    | ranks 1–2 (×2): 5",
                "px -t [0,3] --block -e -o x | %%px is here %%shard -t 0,3 --group -o x       | ranks 0, 3 (×2): 5",
                "px -t all --no-stream --verbose --progress-after 5 | %%px is here %%shard -t all --group | ranks 0–3 (×4): 5",
            })
    void aCellOfTheirsIsOneOfOurs(String first, String told, String value) {
        kernel.cell(first, "1 + 1");
        assertEquals(List.of(told, value), shown());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dist_init -m 10.0.0.1      | unknown flag '-m' ~ allowed: --num-processes, --gpu-ids, --master-addr",
                "dist_init -a 10.0.0.1      | --master-addr 10.0.0.1 is another machine ~ `%shard up -n 2`",
                "dist_init --num-proceses 2 | did you mean --num-processes?",
                "dist_mode --enable         | a Java kernel sends no cell anywhere by itself ~ %%distributed",
                "dist_sync_ide              | `%shard vars` lists them",
                "timeline_save              | `%shard timeline --save FILE`",
                "sync now                   | sync: unexpected word 'now'",
                "distributed                | is the first line of a cell: `%%distributed`",
                "load_ext tensorboard       | is an extension of IPython",
                "px                         | px needs Java behind it",
                "autopx                     | a Java kernel sends no cell anywhere by itself ~ write %%px or %%shard",
                "pxresult                   | no %px or %%px has run yet",
                "pxconfig --targets -1      | counts ranks from the end",
                "pxconfig --signal-on-interrupt 9 | an interrupt asks ranks to stop",
                "pxconfig -b -a             | exclude each other",
            })
    void whatCannotBeDoneSaysSoWithOurWay(String line, String fragments) {
        refused(assertThrows(ShardException.class, () -> kernel.line(line)), fragments);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rank                       | rank needs ranks in brackets",
                "rank 1                     | rank needs ranks in brackets",
                "rank [x]                   | selection 'x'",
                "rank[7]                    | there is no rank 7",
                "distributed_auto           | a Java kernel sends no cell anywhere by itself",
                "dist_init                  | dist_init is a line, not a cell",
                "pxresult                   | pxresult is a line, not a cell",
                "px --group-outputs all     | --group-outputs all must be one of type, engine, order",
                "px --tragets 1             | did you mean --targets?",
            })
    void aCellThatCannotBeRunSaysSo(String first, String fragments) {
        refused(assertThrows(ShardException.class, () -> kernel.cell(first, "1 + 1")), fragments);
    }

    private void refused(ShardException exception, String fragments) {
        String message = String.valueOf(exception.getMessage());
        for (String fragment : fragments.split(" ~ ")) {
            assertTrue(message.contains(fragment.strip()), message);
        }
        assertEquals(1, message.lines().count(), message);
        assertEquals(List.of(), backend.started);
    }

    @Test
    void aTranslationIsToldOnce() {
        kernel.cell("rank[0]", "1 + 1");
        kernel.cell("rank[1]", "1 + 1");
        kernel.cell("rank [2]", "1 + 1");
        assertEquals(List.of("%%rank[0] is here %%shard -t 0", "rank 0: 5", "rank 1: 5", "rank 2: 5"), shown());
    }

    @Test
    void theLastResultIsShownAgainAndKept() {
        kernel.line("pxconfig --targets 0,1");
        kernel.line("px 1 + 1");
        port.displays.clear();
        kernel.line("pxresult -o mine");
        assertEquals("ranks 0–1 (×2): 5", shown().get(1));
        assertEquals("cell on ranks 0–1", notebook.openLab().result("mine").toString());
    }

    @Test
    void variablesOfTheNotebookArePushedByNameBesideValues() {
        kernel.variables.put("weights", new double[] {1, 2});
        kernel.variables.put("step", 7);
        notebook.line(List.of("push", "weights", "step", "rate=0.5"));
        assertEquals(List.of("push [weights, step, rate]"), backend.started);
        backend.started.clear();
        for (List<String> wrong : List.of(
                List.of("push", "nowhere"),
                List.of("push", "step", "step"),
                List.of("push", "step", "step=1"),
                List.of("push", "rank"))) {
            refused(assertThrows(ShardException.class, () -> notebook.line(wrong)), "push: ");
        }
    }

    @Test
    void aLocalCellRunsInTheNotebookAfterTheWorkers() {
        kernel.variables.put("1 + 1", 2);
        notebook.cell(List.of("--local"), "1 + 1");
        assertEquals(List.of("ranks 0–3 (×4): 5", "notebook: 2"), shown());
        assertTrue(String.valueOf(assertThrows(ShardException.class, () -> notebook.cell(List.of("--local"), "rank"))
                        .getMessage())
                .startsWith("in the notebook: "));
    }

    @Test
    void gatheredPartsStandInRankOrder() {
        Gathered gathered = (Gathered) notebook.line(List.of("gather", "x", "-t", "1-2"));
        assertArrayEquals(new int[] {1, 7, 2, 7}, (int[]) gathered.value());
        assertEquals(List.of(4), gathered.shape());
        assertEquals(1, gathered.table().rowCount());
        assertTrue(port.displays.get(0).text().contains("x of ranks 1–2, joined along dimension 0"));
        refused(assertThrows(ShardException.class, () -> notebook.line(List.of("gather"))), "gather needs a NAME");
    }

    @Test
    void partsAreJoinedAlongAnyDimensionAndOnlyIfTheyFit() {
        List<Cells.PulledRow> parts = new ArrayList<>();
        parts.add(row(0, new float[][] {{1}, {2}}));
        parts.add(row(1, new float[][] {{3, 4}, {5, 6}}));
        Gathered joined = Gathered.of("w", parts, 1);
        assertArrayEquals(new float[][] {{1, 3, 4}, {2, 5, 6}}, (float[][]) joined.value());
        assertEquals(List.of(2, 3), joined.shape());
        assertTrue(wrong(parts, 0).contains("float[][] of 2 × 1 on rank 0 and float[][] of 2 × 2 on rank 1"));
        assertTrue(wrong(parts, 2).contains("--dim 2 is no dimension of w with shape 2 × 1; allowed: 0 to 1"));
        Gathered numbers = Gathered.of("n", List.of(row(0, 1.5), row(2, 2.5)), 0);
        assertArrayEquals(new double[] {1.5, 2.5}, (double[]) numbers.value());
        Gathered texts = Gathered.of("s", List.of(row(0, "a"), row(2, "b")), 0);
        assertArrayEquals(new String[] {"a", "b"}, (String[]) texts.value());
    }

    private static Cells.PulledRow row(int rank, Object value) {
        RemoteValue remote = RemoteValue.of(value);
        return new Cells.PulledRow(rank, remote.javaType(), remote.shape(), value, remote.text());
    }

    private static String wrong(List<Cells.PulledRow> parts, int dimension) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> Gathered.of("w", parts, dimension))
                .getMessage());
    }
}
