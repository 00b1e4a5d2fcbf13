package io.shardlab.kernel;

import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.dflib.jjava.jupyter.channels.ShellReplyEnvironment;
import org.dflib.jjava.jupyter.kernel.DisplayStream;
import org.dflib.jjava.jupyter.kernel.JupyterIO;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;

/**
 * The output of one cell, reachable also after the cell has ended.
 *
 * <p>The kernel withdraws its reply environment when a cell ends, and what is shown later is dropped without a word. A
 * background run still has results to show then, so this class keeps the environment: the one place that reads a
 * private field of JJava. Where that field is gone, output stops with the cell. Safe for use by several threads, as the
 * kernel's sockets are.
 */
final class CellOutput {
    private final JupyterIO io;
    private final Optional<ShellReplyEnvironment> environment;

    private CellOutput(JupyterIO io, Optional<ShellReplyEnvironment> environment) {
        this.io = io;
        this.environment = environment;
    }

    /** The output of the cell that runs now. */
    static CellOutput of(JupyterIO kernelIo) {
        Optional<ShellReplyEnvironment> environment = environmentOf(kernelIo.display);
        return new CellOutput(environment.<JupyterIO>map(CapturedIo::new).orElse(kernelIo), environment);
    }

    /** Whether it can be reached after the cell has ended. */
    boolean lasting() {
        return environment.isPresent();
    }

    void display(DisplayData content) {
        io.display.display(content);
    }

    void update(String displayId, DisplayData content) {
        io.display.updateDisplay(displayId, content);
    }

    void stream(String text) {
        io.out.print(text);
        io.out.flush();
    }

    /** Whether both belong to the same execution of a cell; unknown counts as the same. */
    boolean sameCell(CellOutput other) {
        return environment.isEmpty() || other.environment.isEmpty() || environment.get() == other.environment.get();
    }

    private static Optional<ShellReplyEnvironment> environmentOf(DisplayStream stream) {
        try {
            Field field = DisplayStream.class.getDeclaredField("env");
            field.setAccessible(true);
            return Optional.ofNullable((ShellReplyEnvironment) field.get(stream));
        } catch (ReflectiveOperationException | RuntimeException fieldIsGone) {
            return Optional.empty();
        }
    }

    /** Streams of their own on an environment that the kernel's streams may have let go. */
    private static final class CapturedIo extends JupyterIO {
        CapturedIo(ShellReplyEnvironment environment) {
            super(StandardCharsets.UTF_8);
            setEnv(environment);
        }
    }
}
