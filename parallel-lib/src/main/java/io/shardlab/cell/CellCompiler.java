package io.shardlab.cell;

import io.shardlab.cell.CompiledCell.SourceError;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import jdk.jshell.DeclarationSnippet;
import jdk.jshell.Diag;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.VarSnippet;

/**
 * Compiles the cells of one notebook, one after the other: each knows the imports and declarations of those before. It executes
 * nothing, so it needs no engine and no worker, and one compilation serves all ranks. One thread at a time.
 *
 * <p>A cell whose text was compiled before and whose surroundings have not changed since is not compiled again.
 */
public final class CellCompiler implements AutoCloseable {

    private static final int MOST_CACHED = 200;

    /** What every cell finds: the imports of JShell and of DJL's arrays, and variables. {@link Here} says what these are. */
    private static final String PRELUDE =
            """
            import java.io.*;
            import java.math.*;
            import java.net.*;
            import java.nio.file.*;
            import java.util.*;
            import java.util.concurrent.*;
            import java.util.function.*;
            import java.util.regex.*;
            import java.util.stream.*;
            import ai.djl.ndarray.*;
            import ai.djl.ndarray.types.*;
            import ai.djl.ndarray.index.*;
            int rank = io.shardlab.cell.Here.rank();
            int worldSize = io.shardlab.cell.Here.worldSize();
            io.shardlab.mesh.Mesh mesh = io.shardlab.cell.Here.mesh();
            io.shardlab.mesh.Device device = io.shardlab.cell.Here.device();
            NDManager manager = (NDManager) io.shardlab.cell.Here.manager();
            Map<String, NDArray> model = (Map<String, NDArray>) (Object) io.shardlab.cell.Here.model();
            io.shardlab.cell.Collectives comm = io.shardlab.cell.Here.comm();
            """;

    /** Text blocks, strings, characters and comments that end: what looks like a comment in them is none. */
    private static final Pattern SELF_CONTAINED = Pattern.compile("\"{3}(?s:.*?)\"{3}"
            + "|\"[^\"\\\\\n]*+(?:\\\\.[^\"\\\\\n]*+)*+\""
            + "|'[^'\\\\\n]*+(?:\\\\.[^'\\\\\n]*+)*+'"
            + "|//[^\n]*+"
            + "|/\\*(?s:.*?)\\*/");

    private final RecordingControl control = new RecordingControl();
    private final JShell shell;
    private final SourceCodeAnalysis analysis;
    private final Map<String, LineTable> tables = new HashMap<>();
    private final Map<String, Set<String>> references = new HashMap<>();
    private final Map<String, Cached> cache = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Cached> eldest) {
            return size() > MOST_CACHED;
        }
    };
    private Set<VarSnippet> predefined = Set.of();
    private final CompiledCell prelude;
    private int numCells = -1;
    private long declarations;

    private record Cached(CompiledCell cell, long declarations) {}

    private CellCompiler(List<Path> classpath) {
        String path = classpath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
        shell = JShell.builder()
                .executionEngine(new RecordingProvider(control), Map.of())
                .compilerOptions("-classpath", path, "-Xlint:none")
                .build();
        shell.addToClasspath(path);
        analysis = shell.sourceCodeAnalysis();
        prelude = compile(PRELUDE);
        if (!prelude.errors().isEmpty()) {
            throw new IllegalStateException(
                    "cells cannot be compiled: " + prelude.errors().get(0).picture());
        }
        predefined = shell.variables().collect(Collectors.toSet());
    }

    /**
     * Opens a compiler for ranks with this class path.
     *
     * @throws IllegalStateException if this Java has no {@code jdk.jshell}
     */
    public static CellCompiler open(List<Path> classpath) {
        try {
            return new CellCompiler(classpath);
        } catch (LinkageError | ServiceConfigurationError missing) {
            throw new IllegalStateException(
                    "cells need a JDK with the module jdk.jshell (`apt-get install openjdk-17-jdk-headless`)", missing);
        }
    }

    private record RecordingProvider(RecordingControl control) implements jdk.jshell.spi.ExecutionControlProvider {
        @Override
        public String name() {
            return "recording";
        }

        @Override
        public RecordingControl generate(jdk.jshell.spi.ExecutionEnv environment, Map<String, String> parameters) {
            return control;
        }
    }

    /** What ranks learn before their first cell and repeat before each. */
    public CellProgram prelude() {
        return prelude.program();
    }

    /** Compiles a cell; what is declared in it is known to later ones, whoever runs it. */
    public CompiledCell compile(String source) {
        Cached known = cache.get(source);
        if (known != null && known.declarations() == declarations) {
            return known.cell();
        }
        Compilation compilation = new Compilation(++numCells, source);
        CompiledCell cell = compilation.run();
        if (cell.errors().isEmpty() && !compilation.declaresTypes) {
            cache.put(source, new Cached(cell, declarations));
        }
        return cell;
    }

    /** The way of one cell through the shell. */
    private final class Compilation {

        private final int number;
        private final String source;
        private final List<CellProgram.Step> steps = new ArrayList<>();
        private final List<SourceError> errors = new ArrayList<>();
        private final List<String> notes = new ArrayList<>();
        private final List<Snippet> snippets = new ArrayList<>();
        private final List<Snippet> temporaries = new ArrayList<>();
        private boolean declaresTypes;

        Compilation(int number, String source) {
            this.number = number;
            this.source = source;
        }

        CompiledCell run() {
            String rest = source;
            while (errors.isEmpty() && !rest.isBlank()) {
                SourceCodeAnalysis.CompletionInfo next = analysis.analyzeCompletion(rest);
                if (next.completeness() == SourceCodeAnalysis.Completeness.EMPTY) {
                    break;
                }
                boolean whole = next.completeness().isComplete() && next.source() != null;
                String statement = whole ? next.source() : rest;
                int start = source.length() - rest.length();
                rest = whole ? next.remaining() : "";
                refuse(statement, start, whole);
                if (errors.isEmpty()) {
                    take(statement, start, rest.isBlank());
                }
            }
            temporaries.forEach(shell::drop);
            List<CellProgram.CompiledClass> classes = control.takeClasses();
            classes.forEach(each -> references.put(each.name(), ClassReferences.of(each.bytes())));
            unresolved();
            return new CompiledCell(number, new CellProgram(classes, steps), errors, notes, uses());
        }

        /** The types of earlier cells that the steps reach, possibly through methods. */
        private Set<String> uses() {
            Deque<String> open = new ArrayDeque<>();
            steps.forEach(step -> open.add(step.type()));
            Set<String> own = Set.copyOf(open);
            Set<String> seen = new HashSet<>(own);
            while (!open.isEmpty()) {
                for (String named : references.getOrDefault(open.remove(), Set.of())) {
                    if (references.containsKey(named) && seen.add(named)) {
                        open.add(named);
                    }
                }
            }
            seen.removeAll(own);
            return seen;
        }

        /** What the shell would take, or pass over in silence. */
        private void refuse(String statement, int start, boolean whole) {
            int comment = whole
                    ? -1
                    : SELF_CONTAINED
                            .matcher(statement)
                            .replaceAll(CellCompiler::blank)
                            .indexOf("/*");
            if (comment >= 0) {
                errors.add(at(start + comment, "this comment is unfinished: expected */ before the end of the cell"));
                return;
            }
            // A predefined name that a cell declared would be another thing for all later cells.
            for (VarSnippet variable : predefined) {
                Matcher found = Pattern.compile("\\b" + variable.name() + "\\b").matcher(statement);
                if (found.find() && declares(statement, variable.name())) {
                    errors.add(at(
                            start + found.start(),
                            variable.name() + " is predefined in every cell; choose another name"));
                }
            }
        }

        private boolean declares(String statement, String name) {
            return analysis.sourceToSnippets(statement).stream()
                    .anyMatch(snippet -> snippet instanceof VarSnippet variable
                            && variable.name().equals(name));
        }

        private void take(String statement, int start, boolean last) {
            List<SnippetEvent> events = shell.eval(statement);
            if (events.isEmpty()) {
                errors.add(at(start, "this is unfinished"));
                return;
            }
            List<RecordingControl.Call> calls = control.takeCalls();
            Map<String, Snippet> byType = new HashMap<>();
            for (SnippetEvent event : events) {
                if (event.causeSnippet() == null && event.status() != Snippet.Status.OVERWRITTEN) {
                    note(event, start, byType);
                }
            }
            for (RecordingControl.Call call : calls) {
                steps.add(step(call, Optional.ofNullable(byType.get(call.type())), last));
            }
        }

        private void note(SnippetEvent event, int start, Map<String, Snippet> byType) {
            Snippet snippet = event.snippet();
            if (event.status() == Snippet.Status.REJECTED) {
                shell.diagnostics(snippet).filter(Diag::isError).forEach(diag -> add(error(diag, start)));
                if (errors.isEmpty()) {
                    errors.add(new SourceError(LineTable.lineOf(source, start), 1, "does not compile", ""));
                }
                return;
            }
            if (event.status() == Snippet.Status.RECOVERABLE_NOT_DEFINED) {
                String missing = snippet instanceof DeclarationSnippet declaration ? missing(declaration) : "something";
                errors.add(at(start, "cannot find symbol " + missing));
                return;
            }
            snippets.add(snippet);
            if (isTemporary(snippet)) {
                temporaries.add(snippet);
            } else if (snippet.kind().isPersistent()) {
                declarations++;
            }
            declaresTypes |= snippet.kind() == Snippet.Kind.TYPE_DECL;
            if (snippet.kind() != Snippet.Kind.IMPORT) {
                SourceCodeAnalysis.SnippetWrapper wrapper = analysis.wrapper(snippet);
                tables.put(wrapper.fullClassName(), LineTable.of(number, wrapper, source, start));
                byType.put(wrapper.fullClassName(), snippet);
            }
        }

        private CellProgram.Step step(RecordingControl.Call call, Optional<Snippet> of, boolean last) {
            boolean expression = of.filter(snippet -> snippet.kind() == Snippet.Kind.EXPRESSION || isTemporary(snippet))
                    .filter(snippet -> snippet.subKind() != Snippet.SubKind.ASSIGNMENT_SUBKIND)
                    .isPresent();
            Optional<VarSnippet> variable =
                    of.filter(VarSnippet.class::isInstance).map(VarSnippet.class::cast);
            String name = variable.map(VarSnippet::name).orElse("");
            boolean temporary = of.filter(CellCompiler::isTemporary).isPresent();
            return new CellProgram.Step(
                    call.type(), call.method(), temporary ? "" : name, temporary ? name : "", last && expression);
        }

        /** Methods may call what is declared later; what is not, is worth a word. */
        private void unresolved() {
            for (Snippet snippet : snippets) {
                if (snippet instanceof DeclarationSnippet declaration
                        && shell.status(snippet) == Snippet.Status.RECOVERABLE_DEFINED) {
                    notes.add(declaration.name() + " cannot be used until this is declared: " + missing(declaration));
                }
            }
        }

        private String missing(DeclarationSnippet declaration) {
            return shell.unresolvedDependencies(declaration).collect(Collectors.joining(", "));
        }

        /** One error per line: the others mostly follow from the first. */
        private void add(SourceError error) {
            if (errors.stream().noneMatch(known -> known.line() == error.line())) {
                errors.add(error);
            }
        }

        private SourceError error(Diag diag, int start) {
            int position = diag.getPosition() == Diag.NOPOS ? 0 : (int) diag.getPosition();
            return at(Math.min(source.length(), start + position), diag.getMessage(Locale.ENGLISH));
        }

        private SourceError at(int position, String message) {
            return SourceError.at(source, position, message);
        }
    }

    /** As many blanks as there were characters. */
    private static String blank(MatchResult found) {
        return " ".repeat(found.end() - found.start());
    }

    private static boolean isTemporary(Snippet snippet) {
        return snippet.subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND;
    }

    /** The variables that cells have declared, in order. */
    public List<RemoteVariable.Field> variables() {
        return shell.variables()
                .filter(variable -> !isTemporary(variable) && !predefined.contains(variable))
                .map(variable -> new RemoteVariable.Field(
                        variable.name(),
                        variable.typeName(),
                        analysis.wrapper(variable).fullClassName()))
                .toList();
    }

    /**
     * Where in the notebook a line of a stack trace stands: {@code cell 3, line 2}; empty for lines outside of cells.
     */
    public Optional<String> place(CellOutcome.Frame frame) {
        String unit = frame.type().replaceFirst("^(REPL\\.\\$JShell\\$[0-9A-Z]+).*", "$1");
        LineTable table = tables.get(unit);
        return table == null
                ? Optional.empty()
                : Optional.of("cell " + table.cell()
                        + (table.lineBehind(frame.line()).isPresent()
                                ? ", line " + table.lineBehind(frame.line()).getAsInt()
                                : ""));
    }

    @Override
    public void close() {
        shell.close();
    }
}
