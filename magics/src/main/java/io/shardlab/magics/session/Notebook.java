package io.shardlab.magics.session;

import io.shardlab.magics.command.Actions;
import io.shardlab.magics.command.CellCommand;
import io.shardlab.magics.command.Command;
import io.shardlab.magics.command.Verbs;
import io.shardlab.magics.view.Html;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The {@code %shard} of one notebook: words in, output and a value out. The workers' side is opened by the first verb that
 * needs it, so that help and refusals cost nothing.
 */
public final class Notebook implements AutoCloseable {

    /** The verb of cells that are Java for workers; may be left out. */
    private static final String CELL = "cell";

    private final Screen screen;
    private final Supplier<Backend> opener;
    private final Map<String, String> environment;
    private final ShownVerbs verbs;
    private @Nullable Lab lab;

    public Notebook(NotebookPort port) {
        this(port, () -> Backend.local(Lab.home(System.getenv())), System.getenv());
    }

    Notebook(NotebookPort port, Supplier<Backend> opener, Map<String, String> environment) {
        this.screen = new Screen(port);
        this.opener = opener;
        this.environment = Map.copyOf(environment);
        this.verbs = new ShownVerbs(this::lab, screen, System::nanoTime);
    }

    /** The laboratory behind the lines. */
    Lab openLab() {
        return lab();
    }

    private synchronized Lab lab() {
        Lab open = lab;
        if (open == null) {
            open = new Lab(opener.get(), environment);
            lab = open;
        }
        return open;
    }

    /** {@code %shard arguments…}; a refusal or failure is a {@link ShardException}. */
    public Object line(List<String> arguments) {
        return perform(parsed(arguments));
    }

    /** {@code %%shard flags…} with a body. */
    public Object cell(List<String> arguments, String body) {
        boolean named = !arguments.isEmpty() && arguments.get(0).equals(CELL);
        if (!named && !arguments.isEmpty() && !arguments.get(0).matches("[-/].*")) {
            throw new ShardException(
                    "'" + arguments.get(0) + "' is no form of a cell; forms: `%%shard [-t SEL] …` runs "
                            + "Java on workers (`%shard help cell`); `%shard " + arguments.get(0) + " …` is a line");
        }
        List<String> whole = named
                ? arguments
                : Stream.concat(Stream.of(CELL), arguments.stream()).toList();
        Command command = parsed(whole);
        if (command instanceof CellCommand cell) {
            if (body.isBlank()) {
                throw new ShardException("the cell is empty: write Java below %%shard");
            }
            return perform(actions -> actions.cell(cell.options(), body));
        }
        return perform(command);
    }

    private static Command parsed(List<String> arguments) {
        try {
            return Verbs.parse(arguments);
        } catch (IllegalArgumentException refused) {
            throw new ShardException(String.valueOf(refused.getMessage()), refused);
        }
    }

    private Object perform(Command command) {
        return perform(command::perform);
    }

    private Object perform(Function<Actions, Object> action) {
        try {
            return action.apply(verbs);
        } catch (ShardException failed) {
            if (!failed.failures().isEmpty()) {
                screen.show(FailureCard.of(failed.failures()).content());
            } else if (failed.interrupted()) { // the front end hides the message of an interrupted cell
                String line = String.valueOf(failed.getMessage());
                screen.show(NotebookPort.Content.of(Html.paragraph(line), line + "\n"));
            } else if (failed.getCause() instanceof Cells.MistakenCell mistaken) {
                screen.show(CellView.mistakes(mistaken));
            }
            throw failed;
        } catch (RuntimeException failed) {
            throw Work.translated(failed);
        }
    }

    @Override
    public void close() {
        Lab open;
        synchronized (this) {
            open = lab;
            lab = null;
        }
        if (open != null) {
            open.close();
        }
        screen.close();
    }
}
