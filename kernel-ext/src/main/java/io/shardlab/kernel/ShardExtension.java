package io.shardlab.kernel;

import io.shardlab.magics.command.Verbs;
import io.shardlab.magics.session.Notebook;
import io.shardlab.magics.session.ShardException;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.dflib.jjava.jupyter.Extension;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.jspecify.annotations.Nullable;

/**
 * Brings {@code %shard} into a JJava kernel.
 *
 * <p>The kernel finds this class by {@code ServiceLoader}, at start or when a cell adds our jar, and dies when
 * {@link #install} throws; so installing only registers names, and whatever goes wrong is reported and left at that. The
 * session is made by the first magic. It ends with the kernel, by {@link #uninstall} or by the JVM's shutdown hook,
 * whichever comes first.
 */
public final class ShardExtension implements Extension {

    /**
     * So that {@code Table t = %shard status} and {@code lab.plan("tiny", Scheme.tp(2))} need no line before them. All of a
     * package, because a user's own names come first then; none of these names is in DJL or in what the kernel imports.
     */
    private static final String IMPORTS = "import tech.tablesaw.api.*; import io.shardlab.magics.*;"
            + " import io.shardlab.magics.session.*; import io.shardlab.magics.command.*; import io.shardlab.plan.*;";

    private @Nullable Notebook session;
    private boolean closed;

    @Override
    public void install(BaseKernel kernel) {
        try {
            register(kernel);
            importTypes(kernel);
            Runtime.getRuntime().addShutdownHook(new Thread(this::close, "shard-shutdown"));
        } catch (Throwable problem) {
            System.err.println("shardlab: the %shard magics could not be installed: " + problem);
        }
    }

    @Override
    public void uninstall(BaseKernel kernel) {
        close();
        exitAfterMain();
    }

    /**
     * JJava's main thread ends when its sockets are closed, but an idle thread of its pool would keep the JVM for a minute, and
     * Jupyter sends a signal only after 2.5 s, which every restart and every notebook run without a browser would take longer.
     */
    private static void exitAfterMain() {
        for (Thread main : Thread.getAllStackTraces().keySet()) {
            if (main.getName().equals("main")) {
                Thread last = new Thread(() -> exitAfter(main), "shard-exit");
                last.setDaemon(true);
                last.start();
            }
        }
    }

    private static void exitAfter(Thread main) {
        try {
            main.join();
            System.exit(0);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void register(BaseKernel kernel) {
        JJavaNotebook notebook = new JJavaNotebook(kernel.getIO(), !"1".equals(System.getenv("SHARDLAB_PLAIN")));
        ShownValues shown = new ShownValues();
        JJavaHost host = new JJavaHost(kernel, verb -> run(notebook, shown, verb));
        Supplier<Notebook> opener = () -> session(() -> new Notebook(notebook, host));
        register(host, "shard", List.of(), opener);
        for (String verb : Verbs.names()) {
            register(host, "shard-" + verb, List.of(verb), opener);
        }
        new ValueRenderers(notebook, shown).register(kernel.getRenderer());
    }

    /** Notebooks that import what they name work without. */
    private static void importTypes(BaseKernel kernel) {
        try {
            kernel.evalRaw(IMPORTS);
        } catch (RuntimeException problem) {
            System.err.println("shardlab: types of tables and runs need imports here: " + problem);
        }
    }

    /** The session is opened by the first line or cell that needs it. */
    private static void register(JJavaHost host, String name, List<String> verb, Supplier<Notebook> session) {
        host.register(name, words -> session.get().line(joined(verb, words)), (words, body) -> session.get()
                .cell(joined(verb, words), body));
    }

    /** The verb has shown its value, so a value that the cell does not name is not handed to the kernel to be drawn. */
    private @Nullable Object run(JJavaNotebook notebook, ShownValues shown, Supplier<@Nullable Object> verb) {
        CellOutput cell = notebook.enterCell();
        try {
            Object value = verb.get();
            if (value == null || SnippetFrame.leavesValueUnnamed()) {
                return null;
            }
            shown.add(value, cell);
            return value;
        } catch (ShardException failure) {
            // The front end prints the trace of every cause; none of ours helps the reader of a notebook.
            ShardException told = new ShardException(String.valueOf(failure.getMessage()));
            told.setStackTrace(new StackTraceElement[0]);
            throw told;
        }
    }

    private synchronized Notebook session(Supplier<Notebook> first) {
        if (closed) {
            throw new ShardException("this kernel is shutting down");
        }
        Notebook open = session;
        if (open == null) {
            open = first.get();
            session = open;
        }
        return open;
    }

    private void close() {
        Notebook open;
        synchronized (this) {
            closed = true;
            open = session;
            session = null;
        }
        if (open != null) {
            open.close();
        }
    }

    private static List<String> joined(List<String> verb, List<String> arguments) {
        return Stream.concat(verb.stream(), arguments.stream()).toList();
    }
}
