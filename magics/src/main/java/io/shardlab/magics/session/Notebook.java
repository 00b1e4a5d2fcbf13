package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.command.CellReader;
import io.shardlab.magics.command.Command;
import io.shardlab.magics.command.Verbs;
import io.shardlab.magics.home.HomeFolder;
import io.shardlab.magics.local.LocalBackend;
import io.shardlab.magics.screen.CellView;
import io.shardlab.magics.screen.FailureCard;
import io.shardlab.magics.screen.Output;
import io.shardlab.magics.screen.Port;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.screen.Screen;
import io.shardlab.magics.table.PlanGrids;
import io.shardlab.schedule.ScheduleException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The {@code %shard} of one notebook: words in, output and a value out. The workers' side is opened by the first verb that
 * needs it, so that help and refusals cost nothing.
 */
public final class Notebook implements AutoCloseable {

    private final Screen screen;
    private final Supplier<Backend> opener;
    private final Map<String, String> environment;
    private final ShownVerbs verbs;
    private final CellReader cells = new CellReader();
    private @Nullable Lab lab;

    public Notebook(NotebookPort port) {
        this(port, HostKernel.NONE);
    }

    /** @param kernel that the notebook runs in */
    public Notebook(NotebookPort port, HostKernel kernel) {
        this(port, kernel, () -> new LocalBackend(HomeFolder.of(System.getenv())), System.getenv());
    }

    Notebook(Port port, Supplier<Backend> opener, Map<String, String> environment) {
        this(port, HostKernel.NONE, opener, environment);
    }

    Notebook(Port port, HostKernel kernel, Supplier<Backend> opener, Map<String, String> environment) {
        this.screen = new Screen(port, Work::translated);
        this.opener = opener;
        this.environment = Map.copyOf(environment);
        Output output = new Output(screen);
        Compat compat = new Compat(kernel, this, output);
        this.verbs = new ShownVerbs(this::lab, output, kernel, compat, System::nanoTime);
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
        return perform(() -> Verbs.parse(arguments));
    }

    /** {@code %%shard arguments…} with a body. */
    public Object cell(List<String> arguments, String body) {
        return perform(() -> cells.read(arguments, body));
    }

    private Object perform(Supplier<Command> parsing) {
        Command command;
        try {
            command = parsing.get();
        } catch (IllegalArgumentException refused) {
            throw new ShardException(String.valueOf(refused.getMessage()), refused);
        }
        tellNews();
        try {
            return command.perform(verbs);
        } catch (ShardException failed) {
            if (!failed.failures().isEmpty()) {
                screen.show(FailureCard.of(failed.failures()).content());
            } else if (failed.getCause() instanceof Cells.MistakenCell mistaken) {
                screen.show(CellView.mistakes(mistaken));
            } else if (failed.getCause() instanceof ScheduleException drawn) {
                screen.show(Content.preformatted(drawn.picture()));
            } else if (failed.getCause() instanceof Plans.DoesNotFit large) {
                screen.show(Content.table(PlanGrids.tooLarge(large.estimate())));
            } else if (failed.interrupted()) { // the front end hides the message of an interrupted cell
                screen.show(Content.line(String.valueOf(failed.getMessage())));
            }
            throw failed;
        } catch (RuntimeException failed) {
            throw Work.translated(failed);
        }
    }

    /** What happened while nobody looked. */
    private void tellNews() {
        Lab open;
        synchronized (this) {
            open = lab;
        }
        if (open != null) {
            open.subjects().workers().idle().takeNews().ifPresent(line -> screen.show(Content.line(line)));
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
