package io.shardlab.magics.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.shardlab.cell.CellCompiler;
import io.shardlab.cluster.Cluster;
import io.shardlab.magics.command.Verbs;
import io.shardlab.magics.screen.RecordingPort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every example in every help text is typed into a notebook, in order, and none of them is refused. */
final class HelpExamplesTest {

    /** A line, or the first line of a cell with what stands below it. */
    record Example(String first, String body) {}

    @TempDir
    Path home;

    static Stream<String> verbs() {
        return Verbs.names().stream();
    }

    /** Indented lines that begin with a magic, and what is indented below a cell's. */
    static List<Example> examples(String help) {
        List<Example> found = new ArrayList<>();
        List<String> lines = help.lines().toList();
        for (int at = 0; at < lines.size(); at++) {
            String line = lines.get(at);
            if (line.startsWith("  %%shard")) {
                StringBuilder body = new StringBuilder();
                while (at + 1 < lines.size()
                        && lines.get(at + 1).startsWith("  ")
                        && !lines.get(at + 1).startsWith("  %")) {
                    body.append(lines.get(++at).substring(2)).append('\n');
                }
                found.add(new Example(line.strip(), body.toString()));
            } else if (line.matches("  (\\w+ \\w+ = )?%shard.*")) {
                found.add(new Example(line.strip().replaceFirst("^\\w+ \\w+ = ", ""), ""));
            }
        }
        return found;
    }

    /** As the kernel splits a magic's line: at blanks outside of double quotes. */
    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher word = Pattern.compile("\"([^\"]*)\"|(\\S+)").matcher(line);
        while (word.find()) {
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        return words.subList(1, words.size());
    }

    @ParameterizedTest
    @MethodSource("verbs")
    void everyExampleRuns(String verb) throws IOException {
        List<Example> examples = examples(Verbs.help(verb));
        assertFalse(examples.isEmpty(), verb + " has no example");
        FakeKernel kernel = new FakeKernel();
        kernel.variables.put("samples", new double[][] {{1, 2}});
        kernel.variables.put("labels", new String[] {"a"});
        FakeBackend backend = new FakeBackend();
        backend.gpus = true;
        Map<String, String> environment = Map.of(
                "SHARDLAB_HOME", home.toString(), "SHARDLAB_SOURCES", sources().toString());
        try (Notebook notebook = new Notebook(new RecordingPort(true), kernel, () -> backend, environment);
                CellCompiler compiler = CellCompiler.open(Cluster.classpath())) {
            notebook.line(List.of("up", "-n", "4"));
            notebook.line(List.of("train", "tiny", "--pp", "2", "--steps", "8", "-o", "first"));
            for (Example example : examples) {
                String typed = example.first()
                        .replace("FOLDER_OF_IDX_FILES", "random")
                        .replaceAll("(\\w+\\.(html|json))", home + "/$1")
                        .replaceAll("shard top.*", "shard top --for 1s")
                        .replace("--for 2s", "--for 1s");
                if (example.first().startsWith("%%")) {
                    boolean java = example.first().matches("%%shard( -.*| cell.*)?");
                    if (java) {
                        kernel.variables.put(example.body(), 0);
                        assertEquals(List.of(), compiler.compile(example.body()).errors(), example.body());
                    }
                    notebook.cell(words(typed), example.body());
                } else if (typed.contains("--resume")) { // What it resumes is written by real workers only.
                    ShardException refused =
                            assertThrows(ShardException.class, () -> notebook.line(words(typed)), typed);
                    assertEquals("checkpoint 'checkpoints/first' is not there", refused.getMessage());
                } else if (verb.equals("interrupt")) { // A run that goes on does so in BackgroundRunTest.
                    ShardException refused =
                            assertThrows(ShardException.class, () -> notebook.line(words(typed)), typed);
                    assertEquals("interrupt: run first has ended (done, step 8 of 8)", refused.getMessage());
                } else {
                    notebook.line(words(typed));
                }
            }
        }
    }

    /** What set-up puts there: jars with Java source text. */
    private Path sources() throws IOException {
        Path folder = Files.createDirectories(home.resolve("sources"));
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(folder.resolve("one-sources.jar")))) {
            jar.putNextEntry(new JarEntry("One.java"));
            jar.write("class One { int number = 1; }\n".repeat(200).getBytes(StandardCharsets.UTF_8));
        }
        return folder;
    }
}
