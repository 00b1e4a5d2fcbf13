package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.screen.RecordingPort;
import io.shardlab.weights.CheckpointFolder;
import io.shardlab.weights.DamagedFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong in a line is said in one line, and nothing is started. */
class RefusalTest {

    @TempDir
    Path home;

    private final RecordingPort port = new RecordingPort(true);
    private final FakeBackend backend = new FakeBackend();

    private Notebook notebook() {
        return new Notebook(port, () -> backend, Map.of("SHARDLAB_HOME", home.toString()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // verbs
                "upp                               | unknown verb 'upp' ~ did you mean up? ~ verbs: up, plan",
                "UP                                | unknown verb 'UP' ~ did you mean up?",
                "trian tiny                        | unknown verb 'trian' ~ did you mean train?",
                "comparee                          | did you mean compare?",
                ";rm                               | unknown verb ';rm'",
                "τρένο                             | unknown verb 'τρένο'",
                "--steps 3                         | unknown verb '--steps'",
                "help trian                        | unknown verb 'trian' ~ did you mean train?",
                "help me please                    | help: unexpected word",
                "top --for 0s                      | --for 0s must be more than 0 s",
                "top --for soon                    | --for soon must be a time such as 30s, 5m or 1h30m",
                "up --idle 3x                      | --idle 3x must be a time such as 30s",
                "up --idle 900d                    | --idle 900d must be at most a year",
                "restart -t 1                      | no workers; `%shard up` starts some",
                "restart -t x                      | restart: selection 'x': 'x' is not of the form 0, 0,2",
                "logs -t 3-1                       | logs: selection '3-1': the range 3-1 ends before it starts",
                "logs -t last-stge                 | did you mean last-stage?",
                "wait                              | wait: no run was begun; `%shard train -a` begins one",
                "attach tiny                       | attach: there is no run 'tiny'; no run was begun",
                "interrupt first                   | interrupt: there is no run 'first'",
                "jobs now                          | unexpected word 'now'",
                "train --noblok                    | unknown flag '--noblok' ~ did you mean --noblock?",
                "compat                            | compat needs a TOOL: nbdistributed or ipyparallel",
                "compat ipyparalel                 | compat: 'ipyparalel' must be one of nbdistributed, ipyparallel; did you mean ipyparallel?",
                "gather x --dim -1                 | --dim -1 must be at least 0",
                "train tiny --data java-cod        | --data java-cod is not there; did you mean java-code?",
                // flags
                "train --stepz 5                   | unknown flag '--stepz' ~ did you mean --steps? ~ allowed: ",
                "train —steps 5                    | unknown flag '—steps' ~ did you mean --steps?",
                "up --worker 2                     | unknown flag '--worker' ~ did you mean --workers?",
                "up -x                             | unknown flag '-x'",
                "status now                        | unexpected word 'now'",
                "plan tiny small                   | unexpected word 'small'",
                "up ;rm -rf /                      | unexpected word ';rm'",
                "status --for soon                 | --for soon must be a time such as 30s",
                "interrupt -t x                    | interrupt: selection 'x'",
                "up -n 2 -n 3                      | --workers is given twice",
                "train --lr 1 --lr 2               | --lr is given twice",
                "plan tiny --link fast             | the rate 'fast' must be a number with kB/s, MB/s",
                "up --link 10GB/s,20               | the delay '20' must be a number with ns, us, ms or s",
                "up --link 10GB/s,3s               | the delay 3 s must be at most 1 s",
                // values that are missing
                "up -n                             | --workers needs a value",
                "train --steps                     | --steps needs a value",
                "train --steps --batch 4           | --steps needs a value",
                "plan                              | plan needs a MODEL",
                "place --tp 2                      | place needs a MODEL",
                "train --tp 2                      | --tp needs a MODEL",
                "check --dtype float64             | --dtype needs a MODEL",
                "infer --max-new 3                 | infer needs --prompt",
                "compare                           | compare needs a MODEL",
                "report                            | report needs a FILE",
                // schemes and reports
                "compare tiny --schemes tq=2       | --schemes 'tq=2' ~ did you mean tp? ~ allowed: single, naive=K",
                "compare tiny --schemes ;          | names none",
                "compare tiny --schemes tp=2;tp=2  | --schemes names tp=2 twice",
                "compare tiny --schemes tp=2,tp=4  | tp is given twice",
                "compare tiny --schemes tp=0       | 'tp=0' must be a whole number",
                "compare tiny --schemes tp         | tp needs a value such as tp=2",
                "compare tiny --schemes sp=1       | takes no value",
                "compare tiny --schemes naive=2,dp=2 | 'naive' stands alone",
                "compare tiny --schemes pp=2,zero=2 | 'zero=2' must be zero=0 or zero=1",
                "compare tiny --batch 6            | batch 6 cannot be divided as pp=2,m=8 ~ --batch 8",
                "compare tiny --infer --steps 3    | compare: --steps is for training ~ beside it: --prompt, --max-new",
                "compare tiny --max-new 3          | compare: --max-new is for generation: add --infer",
                "compare tiny --infer --prompt=    | the prompt is empty",
                "compare tiny --schemes tp=3       | tp=3 does not split 4 heads evenly",
                "compare tiny --schemes pp=2,schedule=gpip | did you mean gpipe?",
                "compare tinny                     | unknown model 'tinny'",
                "compare tiny --data /nowhere      | /nowhere",
                "report notes.txt                  | must end in .html",
                // numbers
                "up -n 0                           | --workers 0 must be at least 1",
                "up -n -2                          | --workers -2 must be at least 1",
                "up -n two                         | --workers two must be a whole number",
                "up -n 2.5                         | --workers 2.5 must be a whole number",
                "up -n ٣                           | --workers ٣ must be a whole number",
                "up -n 99999999999999              | --workers 99999999999999 must be",
                "up -n 5000000000                  | must be at most 1000000000",
                "train --steps 0                   | --steps 0 must be at least 1",
                "train --warmup -1                 | --warmup -1 must be at least 0",
                "train --lr nan                    | --lr nan must be a number",
                "plan tiny --dropout 1             | --dropout 1 must be below 1",
                "train --recompute                 | --recompute needs a MODEL",
                "train --lr -0.1                   | --lr -0.1 must be a finite number of at least 0",
                "train --lr 1e999                  | --lr 1e999 must be a finite number",
                "train --clip infinity             | --clip infinity must be a number",
                "train --betas 0.9                 | --betas 0.9 must be two numbers",
                "train --betas 0.9,1               | --betas 0.9,1 must be two numbers in [0, 1)",
                "train --betas a,b                 | --betas a,b must be two numbers",
                "place tiny --seed -1              | --seed -1 must be a whole number",
                "check --tol x                     | --tol x must be a number",
                "check --steps 0                   | --steps 0 must be at least 1",
                "infer --prompt a --max-new 0      | --max-new 0 must be at least 1",
                "timeline --step first             | --step first is not 'last'",
                "logs --lines 0                    | --lines 0 must be at least 1",
                // sizes and devices
                "up --memory 1x                    | --memory 1x must be a size such as 128m or 1g",
                "up --memory 0                     | --memory 0 must be more than 0 bytes",
                "up --memory -1g                   | --memory -1g must be a size",
                "up --memory 9999999t              | --memory 9999999t must be at most",
                "up --memory 1m                    | too small for a worker; give at least 256m",
                "up --heap 1m                      | too small for a worker JVM; give at least 32m",
                "up --heap 2g --memory 1g          | does not fit into memory",
                "up -d tpu                         | --devices tpu must be cpu, gpu or numbers of GPUs",
                "up -d 0,0                         | --devices 0,0 names GPU 0 twice",
                "up -d 0,1 -n 3                    | workers 3 differs from the 2 GPUs",
                "up -d gpu                         | this machine has no GPU",
                "up -n 9                           | workers 9 is more than this machine has devices",
                // words out of a list
                "plan tiny --dtype float16         | --dtype float16 must be one of float32, float64",
                "plan tiny --dtype flot32          | did you mean float32?",
                "plan tiny --schedule 1f1bb        | --schedule 1f1bb must be one of gpipe, 1f1b ~ did you mean 1f1b?",
                "train tiny --schedule mine        | --schedule mine must be one of gpipe, 1f1b",
                "model                             | model needs a NAME",
                "model 3x                          | model name '3x' must be 1 to 40 letters",
                "model mlp --input 0,2             | --input 0,2 must be one to five lengths",
                "model mlp --loss l1               | --loss l1 must be one of cross-entropy, l2; did you mean l2?",
                "schedule                          | schedule needs a NAME",
                "schedule 2f2b                     | --schedule 2f2b must be one of gpipe, 1f1b",
                "schedule interleaved --pp 4 --microbatches 6 | needs microbatches divisible by pp=4, not 6; use 4",
                "schedule interleaved --chunks 1   | needs chunks of at least 2, not 1",
                "schedule zb-h1 --chunks 2         | runs 1 stage per rank, not chunks=2; interleaved runs several",
                "train --decay cosin               | --decay cosin must be one of constant, cosine ~ did you mean cosine?",
                "train --order random              | --order random must be one of sequential, shuffled",
                "check --against naive             | --against naive must be one of single",
                "plan tiny --zero 2                | --zero 2 must be one of 0, 1",
                "plan tiny --price cheap           | --price cheap is not a price per hour",
                // layouts
                "plan tiny --tp 8                  | tp=8 does not split 4 heads evenly ~ allowed: tp = 1, 2, 4",
                "plan tiny --tp 3                  | tp=3 does not split 4 heads evenly ~ or --uneven",
                "place tiny --pp 9                 | pp=9 is more than 8 layers",
                "plan tiny --batch 6 --microbatches 4 | batch 6 is not divisible by microbatches 4",
                "train tiny --batch 6 --microbatches 4 | batch 6 is not divisible by microbatches 4",
                "plan tiny --dp 2 --batch 6 --microbatches 2 | batch 6 is not divisible by 4 (dp=2 × microbatches 2) ~ multiples of 4, for instance 8",
                "plan tiny --zero 1                | --zero 1 splits the optimizer over the data axis and needs --dp 2 or more",
                "plan tiny --tp 2 --zero 1         | needs --dp 2 or more",
                "plan tiny --seq 4096              | seq 4096 is longer than the model's 512 positions",
                "plan tiny --tp 4 --pp 4 --devices 8 | needs 16 devices, more than --devices 8",
                "place tiny --tp 4 --pp 4          | needs 16 workers",
                "plan tinny                        | unknown model 'tinny'",
                "plan /no/such/folder              | model folder /no/such/folder is not there",
                "place tiny --weights /no/such     | weights folder /no/such is not there",
                // data and names
                "train tiny --data /no/such.txt    | --data /no/such.txt is not there",
                "train tiny --data java-code       | SHARDLAB_SOURCES",
                "train tiny -o ../x                | run name '../x'",
                "train tiny -o .                   | run name '.'",
                "train                             | no model is placed",
                "save /tmp/x                       | no model is placed",
                "load /tmp/x                       | no model is placed",
                "save                              | save needs a DIR",
                "save a b                          | save: unexpected word 'b'",
                "train tiny --save /               | '/' cannot be replaced by a checkpoint",
                "train --every 5                   | --every 5 needs a folder to save into: --save DIR",
                "train --save /tmp/x --every 0     | --every 0 must be at least 1",
                "train --resume /no/such           | checkpoint '/no/such' is not there",
                "train --resume /no/such --tp 2    | checkpoint '/no/such' is not there",
                "train --resume /no/such --lr 0.1  | --lr belongs to a new run ~ allowed beside it: --steps",
                "train --resume /no/such --batch 2 | --batch belongs to a new run",
                "train --resume /no/such --steps 0 | --steps 0 must be at least 1",
                "check                             | no model is placed",
                "infer --prompt x                  | no model is placed",
                "logs -t 7x                        | selection '7x'",
                "logs -t ep=1                      | axis 'ep' is not one of tp, pp, dp",
                "logs                              | no workers",
                "timeline --step 500               | step 500 was not run",
                // later
                "plan tiny --chunks two            | --chunks two must be a whole number of at least 1",
                "infer --prompt x --schedule gpipe | infer --schedule needs a MODEL to lay out",
                "train --chunks 2                  | train --chunks needs a MODEL to lay out",
                "plan tiny --auto                  | --auto is not there yet",
                "up --on env                       | --on env is not there yet",
                "train --lora 4                    | --lora 4 is not there yet",
                "infer --prompt x --temperature 1  | --temperature 1 is not there yet: sampling",
            })
    void aWrongLineIsRefusedInOneLineAndNothingStarts(String line, String fragments) {
        ShardException refused;
        try (Notebook notebook = notebook()) {
            refused = assertThrows(ShardException.class, () -> notebook.line(List.of(line.split(" "))));
        }
        String message = String.valueOf(refused.getMessage());
        for (String fragment : fragments.split(" ~ ")) {
            assertTrue(message.contains(fragment.strip()), () -> line + "\n→ " + message + "\nlacks: " + fragment);
        }
        assertTrue(message.lines().count() == 1 && message.length() < 500, message);
        assertEquals(List.of(), backend.started);
        assertEquals(0, refused.getStackTrace().length);
        assertTrue(port.quiet(), "the message says it; nothing is shown beside it");
    }

    @Test
    void aTextThatIsTooShortForTheLengthIsRefusedBeforeAnythingIsPlaced() throws IOException {
        Path text = Files.writeString(home.resolve("short.txt"), "ten bytes.");
        try (Notebook notebook = notebook()) {
            ShardException refused = assertThrows(
                    ShardException.class,
                    () -> notebook.line(List.of("train", "tiny", "--seq", "64", "--data", text.toString())));
            assertTrue(String.valueOf(refused.getMessage()).contains("seq 64 is too long"), refused.getMessage());
        }
        assertEquals(List.of(), backend.started);
    }

    @Test
    void damagedFilesAreRefusedInTheirOwnWords() throws IOException {
        Path marker = Files.writeString(home.resolve("checkpoint.json"), "{\"version\":1}");
        ShardException damaged =
                Work.translated(assertThrows(DamagedFileException.class, () -> CheckpointFolder.open(home)));
        assertEquals(marker + ": has no state", damaged.getMessage());
        ShardException named = Work.translated(new UncheckedIOException("cannot read data: gone", new IOException()));
        assertEquals("cannot read data: gone", named.getMessage());
        ShardException bare = Work.translated(new UncheckedIOException(new NoSuchFileException("/no/such")));
        assertEquals("a file cannot be read or written: /no/such is missing", bare.getMessage());
        ShardException folder = Work.translated(new UncheckedIOException(new IOException("Is a directory")));
        assertEquals("a file cannot be read or written: Is a directory", folder.getMessage());
    }

    @Test
    void aCellWithoutWorkersIsRefusedPlainly() {
        try (Notebook notebook = notebook()) {
            ShardException refused = assertThrows(ShardException.class, () -> notebook.cell(List.of(), "1 + 1"));
            assertTrue(String.valueOf(refused.getMessage()).startsWith("no workers; `%shard up` starts some"));
        }
        assertTrue(port.quiet());
    }

    /** They said that no model is placed, or showed the death of before as if they had failed themselves. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "train --steps 2",
                "train tiny --steps 2 -a",
                "place tiny --tp 2",
                "check",
                "infer --prompt x",
                "compare tiny",
                "save /tmp/x",
                "load /tmp/x",
                "mem",
                "traffic",
                "vars",
                "push x=1",
                "pull x",
                "gather x"
            })
    void whereAWorkerDiedTheFirstThingSaidIsWhatBringsItBack(String line) {
        try (Notebook notebook = notebook()) {
            notebook.line(List.of("up", "-n", "2"));
            port.displays.clear();
            backend.lost =
                    Optional.of("rank 1 died (killed by SIGKILL); `%shard restart` brings workers and model back");
            ShardException refused = assertThrows(ShardException.class, () -> notebook.line(List.of(line.split(" "))));
            assertEquals(backend.lost.get(), refused.getMessage());
            assertTrue(port.quiet(), "no card of a failure that is another verb's");
            refused = assertThrows(ShardException.class, () -> notebook.cell(List.of(), "1 + 1"));
            assertEquals(backend.lost.get(), refused.getMessage());
            assertEquals(List.of("up 2"), backend.started);
            notebook.line(List.of("restart"));
            notebook.cell(List.of(), "1 + 1");
        }
    }

    /** The line alone did not tell which ranks, and what on them, was too large. */
    @ParameterizedTest
    @ValueSource(strings = {"place tiny --tp 2", "train tiny --tp 2", "train tiny --tp 2 -a", "compare tiny"})
    void whatDoesNotFitIsRefusedWithItsTable(String line) {
        try (Notebook notebook = notebook()) {
            notebook.line(List.of("up", "-n", "2", "--memory", "256m"));
            backend.memoryBytes = OptionalLong.of(1 << 20);
            port.displays.clear();
            ShardException refused = assertThrows(ShardException.class, () -> notebook.line(List.of(line.split(" "))));
            assertEquals("does not fit; cheapest fix: tp=2", refused.getMessage());
            String table = port.displays.get(0).text();
            assertTrue(table.contains("what does not fit") && table.contains("memory limit MB"), table);
            assertEquals(List.of("up 2"), backend.started);
        }
    }

    /** It died over its budget instead. */
    @ParameterizedTest
    @ValueSource(strings = {"train --batch 64", "check --batch 64"})
    void whatThePlacedModelsWorkersHaveNoRoomForIsRefused(String line) {
        try (Notebook notebook = notebook()) {
            notebook.line(List.of("up", "-n", "2"));
            notebook.line(List.of("place", "tiny", "--tp", "2"));
            backend.memoryBytes = OptionalLong.of(1 << 20);
            backend.started.clear();
            ShardException refused = assertThrows(ShardException.class, () -> notebook.line(List.of(line.split(" "))));
            assertEquals("does not fit; cheapest fix: tp=2", refused.getMessage());
            assertEquals(List.of(), backend.started);
        }
    }

    @Test
    void aNumberThatIsNotAllowedIsNoMisspellingOfAnother() {
        try (Notebook notebook = notebook()) {
            ShardException refused = assertThrows(
                    ShardException.class, () -> notebook.line(List.of("plan", "tiny", "--dp", "2", "--zero", "3")));
            assertEquals("plan: --zero 3 must be one of 0, 1", refused.getMessage());
        }
    }

    @Test
    void randomWordsNeverGetPastTheReader() {
        Random random = new Random(7);
        String[] words = {
            "up", "plan", "train", "-n", "--tp", "--zzz", "-1", "ü", "'", "\"", "${x}", "@file", "--", "=", "\u0000",
            "\n"
        };
        try (Notebook notebook = notebook()) {
            for (int i = 0; i < 300; i++) {
                List<String> line = new ArrayList<>(List.of("train"));
                for (int j = 0; j <= random.nextInt(4); j++) {
                    line.add(words[random.nextInt(words.length)]);
                }
                line.add("--no-such-flag");
                ShardException refused = assertThrows(ShardException.class, () -> notebook.line(line), line::toString);
                assertEquals(1, String.valueOf(refused.getMessage()).lines().count(), refused.getMessage());
            }
        }
        assertEquals(List.of(), backend.started);
    }
}
