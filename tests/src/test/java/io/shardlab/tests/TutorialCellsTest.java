package io.shardlab.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.cell.CellCompiler;
import io.shardlab.cell.RemoteValue;
import io.shardlab.cluster.BlockCompiler;
import io.shardlab.cluster.Cluster;
import io.shardlab.magics.command.Command;
import io.shardlab.magics.command.PushCommand;
import io.shardlab.magics.command.Verbs;
import io.shardlab.plan.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import jdk.jshell.Diag;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every cell of every tutorial is compiled as the kernel or the workers would compile it, and every magic is parsed; nothing
 * runs. So a changed name shows within seconds, with tutorial, cell and line.
 */
final class TutorialCellsTest {

    private static final Path TUTORIALS = Path.of("..", "notebooks");

    /** {@code Table t = %shard status --flag}: what stands before, and the words. */
    private static final Pattern LINE_MAGIC =
            Pattern.compile("(?m)^(\\s*(?:[\\w.<>]+\\s+\\w+\\s*=\\s*)?)%shard\\b(.*)$");

    /** What JJava imports for every cell. */
    private static final String IMPORTS = Stream.of(
                    "java.util.*",
                    "java.io.*",
                    "java.math.*",
                    "java.net.*",
                    "java.util.concurrent.*",
                    "java.util.prefs.*",
                    "java.util.regex.*",
                    "java.util.stream.*")
            .map("import %s;\n"::formatted)
            .reduce("", String::concat);

    /** The mistakes of a notebook's cells, in order, as {@code cell 3: …}. */
    private static List<String> mistakes(List<String> cells) {
        List<String> mistakes = new ArrayList<>();
        try (NotebookShell notebook = new NotebookShell();
                CellCompiler workers = CellCompiler.open(Cluster.classpath())) {
            for (int number = 1; number <= cells.size(); number++) {
                for (String mistake : mistakes(cells.get(number - 1), notebook, workers)) {
                    mistakes.add("cell " + number + ": " + mistake);
                }
            }
        }
        return mistakes;
    }

    private static List<String> mistakes(String cell, NotebookShell notebook, CellCompiler workers) {
        if (!cell.startsWith("%%shard")) {
            List<String> mistakes = new ArrayList<>();
            for (Matcher magic = LINE_MAGIC.matcher(cell); magic.find(); ) {
                mistakes.addAll(refusal(magic.group(2), notebook, words -> hear(Verbs.parse(words), workers)));
            }
            mistakes.addAll(notebook.mistakes(withoutMagics(cell)));
            return mistakes;
        }
        String first = cell.lines().findFirst().orElseThrow().substring("%%shard".length());
        String body = cell.substring(cell.indexOf('\n') + 1);
        List<String> refused = refusal(first, notebook, words -> Verbs.parseCell(words, body));
        if (!refused.isEmpty() || first.strip().startsWith("schedule")) {
            return refused;
        }
        if (first.strip().startsWith("model")) {
            try {
                BlockCompiler.compile(body);
                return List.of();
            } catch (IllegalArgumentException mistaken) {
                return List.of(String.valueOf(mistaken.getMessage()));
            }
        }
        return workers.compile(body).errors().stream()
                .map(error -> error.summary())
                .toList();
    }

    /** What a push declares on the workers, their cells may name. */
    private static void hear(Command command, CellCompiler workers) {
        if (command instanceof PushCommand push) {
            push.values()
                    .forEach((name, value) ->
                            workers.compile(RemoteValue.of(value).javaType() + " " + name + ";"));
        }
    }

    private interface Parser {
        void parse(List<String> words);
    }

    /** Why a magic's words would be refused; a variable stands for a number, which is what tutorials use them for. */
    private static List<String> refusal(String words, NotebookShell notebook, Parser parser) {
        List<String> missing = Pattern.compile("\\$\\{(\\w+)}")
                .matcher(words)
                .results()
                .map(found -> found.group(1))
                .filter(name -> !notebook.declares(name))
                .map(name -> "${" + name + "} is no variable of this notebook")
                .toList();
        if (!missing.isEmpty()) {
            return missing;
        }
        try {
            List<String> split = new ArrayList<>();
            for (Matcher word = Pattern.compile("\"([^\"]*)\"|\\S+").matcher(words.replaceAll("\\$\\{\\w+}", "4"));
                    word.find(); ) {
                split.add(word.group(1) == null ? word.group() : word.group(1));
            }
            parser.parse(split);
            return List.of();
        } catch (IllegalArgumentException refused) {
            return List.of(String.valueOf(refused.getMessage()));
        }
    }

    /** {@code Table t = %shard status} declares t; a bare magic is an empty statement. */
    private static String withoutMagics(String cell) {
        return LINE_MAGIC
                .matcher(cell)
                .replaceAll(
                        magic -> Matcher.quoteReplacement(magic.group(1).isBlank() ? ";" : magic.group(1) + "null;"));
    }

    /** A notebook's own cells: JShell with the kernel's class path, which compiles and runs nothing. */
    private static final class NotebookShell implements AutoCloseable {
        private final JShell shell = JShell.builder()
                .executionEngine(new IdleExecution.Provider(), Map.of())
                .compilerOptions("-classpath", System.getProperty("java.class.path", ""))
                .build();
        private final SourceCodeAnalysis analysis = shell.sourceCodeAnalysis();

        NotebookShell() {
            shell.addToClasspath(System.getProperty("java.class.path", ""));
            assertEquals(List.of(), mistakes(IMPORTS));
        }

        boolean declares(String variable) {
            return shell.variables().anyMatch(known -> known.name().equals(variable));
        }

        List<String> mistakes(String source) {
            List<String> mistakes = new ArrayList<>();
            String rest = source;
            while (!rest.isBlank()) {
                SourceCodeAnalysis.CompletionInfo info = analysis.analyzeCompletion(rest);
                String snippet = info.source();
                if (snippet == null || !info.completeness().isComplete()) {
                    mistakes.add("not a complete statement: "
                            + rest.strip().lines().findFirst().orElse(""));
                    return mistakes;
                }
                for (SnippetEvent event : shell.eval(snippet)) {
                    if (event.causeSnippet() == null) {
                        mistakes.addAll(mistakes(event));
                    }
                }
                rest = info.remaining();
            }
            return mistakes;
        }

        private List<String> mistakes(SnippetEvent event) {
            List<String> errors = shell.diagnostics(event.snippet())
                    .filter(Diag::isError)
                    .map(error -> error.getMessage(Locale.ROOT) + " in: "
                            + event.snippet().source().strip())
                    .toList();
            if (!errors.isEmpty()) {
                return errors;
            }
            // A method that names something unknown is kept until it is declared; no cell of a tutorial may end so.
            List<String> unknown = event.snippet() instanceof jdk.jshell.DeclarationSnippet declared
                            && event.status() != Snippet.Status.VALID
                    ? shell.unresolvedDependencies(declared).toList()
                    : List.of();
            return unknown.isEmpty() ? List.of() : List.of("unknown: " + unknown);
        }

        @Override
        public void close() {
            shell.close();
        }
    }

    private static List<String> cells(Path tutorial) throws IOException {
        JsonNode cells = Json.mapper().readTree(tutorial.toFile()).path("cells");
        return StreamSupport.stream(cells.spliterator(), false)
                .filter(cell -> cell.path("cell_type").asText().equals("code"))
                .map(cell -> cell.path("source"))
                .map(source -> source.isTextual()
                        ? source.asText()
                        : StreamSupport.stream(source.spliterator(), false)
                                .map(JsonNode::asText)
                                .reduce("", String::concat))
                .toList();
    }

    @TestFactory
    Stream<DynamicTest> everyCellOfATutorialCompiles() throws IOException {
        List<Path> tutorials;
        try (Stream<Path> files = Files.list(TUTORIALS)) {
            tutorials = files.filter(file -> file.toString().endsWith(".ipynb"))
                    .sorted()
                    .toList();
        }
        assertTrue(tutorials.size() >= 6, "the course is not where it was: " + tutorials);
        return tutorials.stream()
                .map(tutorial -> DynamicTest.dynamicTest(
                        String.valueOf(tutorial.getFileName()),
                        () -> assertEquals(List.of(), mistakes(cells(tutorial)))));
    }

    /** The check itself: each sort of mistake is found, in the cell where it is. */
    @Test
    void aMistakeOfEachSortIsFound() {
        Map<String, String> mistaken = Map.of(
                "int x = \"text\";", "incompatible types",
                "int y = missing + 1;", "cannot find symbol",
                "int z() { return missing(); }", "unknown",
                "tech.tablesaw.api.Table t = %shard statuz", "status",
                "%shard train --stepz 4", "--steps",
                "%shard train --steps ${stepz}", "${stepz}",
                "%%shard\ncomm.allRedoose(1.0)", "cannot find symbol",
                "%%shard -t 0 --timeoot 3\nrank", "--timeout",
                "%%shard model m --input 4\nreturn new Lineer();", "cannot find symbol",
                "for (int i = 0; i < 3; i++) {", "not a complete statement");
        mistaken.forEach((cell, message) -> {
            List<String> found = mistakes(List.of("int fine = 1;", cell));
            assertFalse(found.isEmpty(), cell);
            assertTrue(found.get(0).startsWith("cell 2: ") && found.get(0).contains(message), cell + " → " + found);
        });
    }
}
