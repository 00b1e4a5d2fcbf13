package io.shardlab.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.shardlab.cell.CompiledCell.SourceError;
import java.util.List;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import org.junit.jupiter.api.Test;

/** The kernel compiles a cell statement by statement; people want the line of the cell. */
class KernelMistakesTest {

    /** As the kernel throws it; the accessor has the name that JJava 1.0a8 gives it. */
    public static final class Rejected extends RuntimeException {
        private final transient jdk.jshell.SnippetEvent event;

        Rejected(jdk.jshell.SnippetEvent event) {
            this.event = event;
        }

        public jdk.jshell.SnippetEvent getBadSnippetCompilation() {
            return event;
        }
    }

    /** A kernel, as far as its compiler is concerned. */
    public record Kernel(JShell shell) {
        public JShell getJShell() {
            return shell;
        }
    }

    private static List<SourceError> mistakes(String cell, String statement) {
        try (JShell shell = JShell.builder().executionEngine("local").build()) {
            Rejected rejected = shell.eval(statement).stream()
                    .filter(event -> event.status() == Snippet.Status.REJECTED)
                    .map(Rejected::new)
                    .findFirst()
                    .orElseThrow();
            return new KernelMistakes(new Kernel(shell)).in(cell, rejected);
        }
    }

    @Test
    void aMistakeIsPlacedInTheLineOfTheCell() {
        String statement = "int wrong = 1 +\n    missing;";
        SourceError error =
                mistakes("int fine = 1;\n\n" + statement + "\n", statement).get(0);
        assertEquals(4, error.line());
        assertEquals(5, error.column());
        assertEquals("    missing;", error.text());
        assertEquals("line 4: cannot find symbol, symbol: variable missing", error.summary());
    }

    @Test
    void blanksBeforeAStatementDoNotMoveTheMark() {
        SourceError error =
                mistakes("int a = 1;\n   nothing();", "\n   nothing();").get(0);
        assertEquals(2, error.line());
        assertEquals(4, error.column());
        assertEquals(
                "line 2: cannot find symbol, symbol: method nothing()\n       nothing();\n       ^", error.picture());
    }

    @Test
    void anotherKernelsExceptionSaysNothing() {
        assertEquals(List.of(), new KernelMistakes(new Object()).in("x", new IllegalStateException("no")));
    }
}
