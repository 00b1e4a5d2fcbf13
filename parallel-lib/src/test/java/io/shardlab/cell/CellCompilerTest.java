package io.shardlab.cell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.cluster.Cluster;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CellCompilerTest {

    @SuppressWarnings("NullAway.Init") // Opened before the first test.
    private CellCompiler compiler;

    @BeforeAll
    void open() {
        compiler = CellCompiler.open(Cluster.classpath());
    }

    @AfterAll
    void close() {
        compiler.close();
    }

    private CompiledCell whole(String source) {
        CompiledCell cell = compiler.compile(source);
        assertEquals(List.of(), cell.errors());
        return cell;
    }

    @Test
    void eachStatementIsAStepAndOnlyTheLastExpressionIsShown() {
        CompiledCell cell = whole("int stepsA = 1, stepsB = 2;\nimport java.time.*;\nstepsA + 1;\nstepsA + stepsB");
        assertEquals(
                List.of("stepsA", "stepsB", "", ""),
                cell.program().steps().stream().map(CellProgram.Step::declares).toList());
        assertEquals(
                List.of(false, false, false, true),
                cell.program().steps().stream().map(CellProgram.Step::echo).toList());
    }

    @Test
    void anErrorNamesTheCellsOwnLineAndColumn() {
        CompiledCell cell = compiler.compile("// a comment\n\nint fine = 1;\nfor (int i = 0; i < 3; i++) {\n"
                + "    fine = fine +\n        missing;\n}\nint never = 2;");
        assertEquals(1, cell.errors().size());
        CompiledCell.SourceError error = cell.errors().get(0);
        assertEquals(6, error.line());
        assertEquals(9, error.column());
        assertTrue(error.summary().startsWith("line 6: cannot find symbol"), error::summary);
        assertTrue(error.summary().contains("missing"), error::summary);
        assertEquals("        missing;", error.text());
        assertEquals(1, cell.program().steps().size(), "what stands before the error can run");
    }

    @Test
    void aCellThatEndsTooEarlyIsAnError() {
        assertFalse(
                compiler.compile("int x = 1;\nif (x > 0) {\n  x++;").errors().isEmpty());
        assertFalse(compiler.compile("String s = \"open").errors().isEmpty());
    }

    /** {@code int z = 1 /* oops} did nothing and said nothing. */
    @Test
    void aCommentThatIsNotClosedIsAnErrorAtItsBeginning() {
        for (String open : List.of(
                "int open1 = 1 /* oops",
                "int open2 = 1; /* oops\n\n",
                "/* oops",
                "String s = \"/*\"; int open3 = 1; /* it's")) {
            CompiledCell cell = compiler.compile(open);
            assertEquals(1, cell.errors().size(), open);
            assertEquals(
                    "line 1: this comment is unfinished: expected */ before the end of the cell",
                    cell.errors().get(0).summary());
            assertEquals(open.lastIndexOf("/*") + 1, cell.errors().get(0).column());
        }
        assertEquals(
                List.of(), compiler.compile("// a comment\n/* another */\n").errors());
    }

    @Test
    void cellsHaveTheImportsOfJShell() {
        whole("Path.of(\"x\"); new File(\"x\"); BigDecimal.ONE; URI.create(\"x:y\"); Pattern.compile(\"x\");\n"
                + "Function<Integer, Integer> next = i -> i + 1;\n"
                + "Callable<List<Integer>> later = () -> Stream.of(1).toList();");
    }

    /** {@code int rank = 5} changed it for all later cells. */
    @Test
    void aPredefinedNameIsNotDeclaredAgain() {
        for (String name : List.of("rank", "worldSize", "mesh", "device", "manager", "model", "comm")) {
            CompiledCell cell = compiler.compile("int before" + name + " = 1,\n    " + name + " = 5;");
            assertEquals(
                    List.of("line 2: " + name + " is predefined in every cell; choose another name"),
                    cell.errors().stream()
                            .map(CompiledCell.SourceError::summary)
                            .toList());
        }
        whole("int rankOfMine = rank; { int comm = 1; } int rank() { return rank; }");
    }

    @Test
    void theSameTextIsNotCompiledAgainUntilADeclarationChanges() {
        CompiledCell first = whole("1000 + 1");
        assertSame(first, whole("1000 + 1"));
        whole("int cacheBreaker = 1;");
        assertNotSame(first, whole("1000 + 1"));
    }

    @Test
    void aMethodMayCallWhatIsDeclaredLaterAndThenTheNoteSaysSo() {
        CompiledCell early = whole("int early() { return late(); }");
        assertEquals(1, early.notes().size());
        assertTrue(early.notes().get(0).contains("late"), early.notes()::toString);
        assertEquals(
                List.of(),
                whole("int early2() { return late2(); }\nint late2() { return 1; }")
                        .notes());
    }

    @Test
    void variablesAreThoseOfCellsNotThePredefinedOnes() {
        whole("double listed = 2.5;");
        assertTrue(compiler.variables().stream()
                .anyMatch(field ->
                        field.name().equals("listed") && field.typeName().equals("double")));
        assertTrue(compiler.variables().stream().noneMatch(field -> field.name().equals("rank")));
    }

    @Test
    void aCellUsesWhatItsMethodsUse() {
        whole("int depth = 1;\nint deep() { return depth; }");
        String holder = compiler.variables().stream()
                .filter(field -> field.name().equals("depth"))
                .findFirst()
                .orElseThrow()
                .holder();
        assertTrue(whole("deep() + 1").uses().contains(holder));
        assertTrue(whole("depth = 5;").uses().contains(holder));
        assertFalse(whole("int depth2 = 0; { int depth = rank; }").uses().contains(holder));
    }
}
