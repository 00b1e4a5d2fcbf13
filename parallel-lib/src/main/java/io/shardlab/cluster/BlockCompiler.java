package io.shardlab.cluster;

import io.shardlab.model.BlockCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Compiles the body of a {@code %%shard model} cell against the workers' class path. Nothing of DJL is loaded here: class files
 * are read by the compiler and written for the workers.
 */
public final class BlockCompiler {

    private static final String RULE = "the cell must end with `return` and a Block";
    private static final Pattern RETURN = Pattern.compile("\\breturn\\b");

    private static final Pattern IMPORT =
            Pattern.compile("(?m)^[ \\t]*(import\\s+(?:static\\s+)?[\\w.]+(?:\\.\\*)?\\s*;)");
    private static final int MOST_ERRORS = 5;

    /** All in one line, so that the compiler counts lines as the cell does: the magic is its first. */
    private static final String IMPORTS = Stream.of(
                    "ai.djl.ndarray.*",
                    "ai.djl.ndarray.types.*",
                    "ai.djl.nn.*",
                    "ai.djl.nn.convolutional.*",
                    "ai.djl.nn.core.*",
                    "ai.djl.nn.norm.*",
                    "ai.djl.nn.pooling.*",
                    "java.util.*",
                    "java.util.function.*")
            .map(name -> "import " + name + ";")
            .collect(Collectors.joining());

    private BlockCompiler() {}

    /**
     * Compiles statements that end by returning a block, import lines anywhere among them.
     *
     * @throws IllegalArgumentException with the first errors and their lines in the cell, the line of the magic being 1
     */
    public static BlockCode compile(String body) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new IllegalStateException(
                    "this JVM has no compiler: the kernel needs a JDK with jdk.compiler, not a JRE");
        }
        DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
        try (StandardJavaFileManager standard = compiler.getStandardFileManager(diagnostics, Locale.ROOT, null);
                Memory memory = new Memory(standard)) {
            List<String> options = List.of(
                    "-classpath",
                    WorkerClasspath.find().stream().map(Path::toString).collect(Collectors.joining(":")),
                    "-proc:none",
                    "-g:source,lines");
            boolean compiled = compiler.getTask(
                            null, memory, diagnostics, options, null, List.of(new Source(unit(body))))
                    .call();
            if (!compiled) {
                throw new IllegalArgumentException(told(body, diagnostics.getDiagnostics()));
            }
            return BlockCode.of(memory.classes());
        } catch (IOException e) {
            throw new IllegalStateException("the compiler's files could not be closed: " + e.getMessage(), e);
        }
    }

    private static String unit(String body) {
        Matcher matcher = IMPORT.matcher(body);
        StringBuilder imports = new StringBuilder(IMPORTS);
        StringBuilder rest = new StringBuilder();
        while (matcher.find()) {
            imports.append(matcher.group(1).replaceAll("\\s+", " "));
            matcher.appendReplacement(rest, matcher.group().replaceAll("[^\\n]", ""));
        }
        matcher.appendTail(rest);
        return imports + "public final class " + BlockCode.CLASS + " { public static Block " + BlockCode.METHOD
                + "() throws Exception {\n" + rest + "\n}}\n";
    }

    private static String told(String body, List<Diagnostic<? extends JavaFileObject>> diagnostics) {
        List<String> errors = new ArrayList<>();
        for (Diagnostic<? extends JavaFileObject> diagnostic : diagnostics) {
            if (diagnostic.getKind() == Diagnostic.Kind.ERROR && errors.size() < MOST_ERRORS) {
                String message = diagnostic.getMessage(Locale.ROOT).replaceAll("\\s*\\R\\s*", ", ");
                boolean noReturn = message.equals("missing return statement");
                errors.add("line " + diagnostic.getLineNumber() + ": " + message + (noReturn ? " (" + RULE + ")" : ""));
            }
        }
        String all = String.join("; ", errors);
        return RETURN.matcher(body).find() || all.contains(RULE) ? all : RULE + "; " + all;
    }

    /** The text to compile. */
    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String text) {
            super(URI.create("string:///" + BlockCode.CLASS + Kind.SOURCE.extension), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    /** A class file to be. */
    private static final class Output extends SimpleJavaFileObject {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Output(String name) {
            super(URI.create("memory:///" + name.replace('.', '/') + Kind.CLASS.extension), Kind.CLASS);
        }

        @Override
        public OutputStream openOutputStream() {
            return bytes;
        }
    }

    /** Keeps class files in memory. */
    private static final class Memory extends ForwardingJavaFileManager<StandardJavaFileManager> {
        private final Map<String, Output> outputs = new TreeMap<>();

        Memory(StandardJavaFileManager standard) {
            super(standard);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            return outputs.computeIfAbsent(className, Output::new);
        }

        Map<String, byte[]> classes() {
            Map<String, byte[]> classes = new TreeMap<>();
            outputs.forEach((name, output) -> classes.put(name, output.bytes.toByteArray()));
            return classes;
        }
    }
}
