package io.shardlab.magics.session;

import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.trial.SchemeFigures;
import io.shardlab.magics.trial.Standing;
import io.shardlab.magics.view.Chart;
import io.shardlab.magics.view.Grid;
import java.util.List;
import java.util.Optional;
import tech.tablesaw.api.Table;

/**
 * Schemes that ran in turn on the same workers: data for cells.
 *
 * @param <C> the comparison itself
 */
public abstract sealed class Compared<C extends Compared<C>> permits Comparison, GenerationComparison {

    private final String subject;

    /** @param subject model, and what is simulated */
    Compared(String subject) {
        this.subject = subject;
    }

    final String subject() {
        return subject;
    }

    /** How the schemes stand to each other. */
    abstract Standing<? extends SchemeFigures> standing();

    /** Whether no scheme was measured. */
    final boolean isEmpty() {
        return standing().measured().isEmpty();
    }

    /** One row per scheme that was measured. */
    abstract Grid<?> grid();

    abstract List<Chart> charts();

    /** Schemes that did not compute the same, loudly; empty if all agree. */
    abstract Optional<String> alarm();

    /** What stands below the table. */
    abstract List<String> lines();

    /** The same with one more line below the table. */
    abstract C withNote(String note);

    /** The scheme with most tokens per second. */
    public final Optional<String> winner() {
        return standing().fastest().map(result -> result.scheme().label());
    }

    /** One sentence with the figures that explain the winner. */
    public abstract String sentence();

    /** One row per scheme. */
    public final Table table() {
        return grid().table();
    }

    final Content content() {
        if (isEmpty()) {
            return Content.line("nothing was measured");
        }
        Content figures = Content.table(grid()).above(Content.lines(lines()));
        return alarm().map(text -> Content.headline(text).above(figures)).orElse(figures);
    }

    @Override
    public final String toString() {
        return isEmpty() ? "comparison without results" : sentence();
    }
}
