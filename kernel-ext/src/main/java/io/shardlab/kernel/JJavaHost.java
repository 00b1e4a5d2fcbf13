package io.shardlab.kernel;

import io.shardlab.cell.CompiledCell.SourceError;
import io.shardlab.magics.session.HostKernel;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.jspecify.annotations.Nullable;

/**
 * The kernel as the magics may use it: its own Java, and its names.
 *
 * <p>Names get a line and a cell form: an unknown form of a known name would be a puzzling compile error.
 */
final class JJavaHost implements HostKernel {

    /** What happens around each magic: its output goes to its cell, its value is shown once, its failure is one line. */
    interface Around {
        @Nullable
        Object run(Supplier<@Nullable Object> magic);
    }

    private static final int LONGEST = 300;

    /** All that JJava's exception itself says about a mistake. */
    private static final Pattern REJECTED = Pattern.compile("\\[snippet: \\[(.*)], status: REJECTED]");

    private final BaseKernel kernel;
    private final Around around;
    private final NotebookVariables variables;

    JJavaHost(BaseKernel kernel, Around around) {
        this.kernel = kernel;
        this.around = around;
        variables = new NotebookVariables(kernel::evalRaw);
    }

    @Override
    public @Nullable Object evaluate(String source) {
        try {
            return kernel.evalRaw(source);
        } catch (RuntimeException failed) {
            Throwable innermost = innermost(failed);
            List<SourceError> errors = new KernelMistakes(kernel).in(source, innermost);
            if (!errors.isEmpty()) {
                throw new Rejected(errors);
            }
            throw new IllegalArgumentException("in the notebook: " + told(innermost), failed);
        }
    }

    private static Throwable innermost(Throwable failed) {
        Throwable innermost = failed;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return innermost;
    }

    /** The message, in one line. */
    private static String told(Throwable innermost) {
        String line = Optional.ofNullable(innermost.getMessage())
                .orElse(innermost.getClass().getSimpleName())
                .replaceAll("[\\p{Cntrl}\\s]+", " ")
                .strip();
        Matcher rejected = REJECTED.matcher(line);
        String text = rejected.matches() ? "this does not compile there: " + rejected.group(1) : line;
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
    }

    @Override
    public void register(String name, Line line, Cell cell) {
        kernel.getMagicsRegistry()
                .registerLineMagic(name, (kernel, words) -> around.run(() -> line.run(variables.in(words))));
        kernel.getMagicsRegistry()
                .registerCellMagic(
                        name, (kernel, words, body) -> around.run(() -> cell.run(variables.in(words), body)));
    }

    @Override
    public String version() {
        return kernel.getName() + " " + kernel.getVersion();
    }
}
