package io.shardlab.magics.session;

import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.command.CellOptions;
import io.shardlab.magics.screen.CellText;
import io.shardlab.magics.screen.CellView;
import io.shardlab.magics.screen.FailureCard;
import io.shardlab.magics.screen.Output;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.screen.Screen;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/** Shows cells on workers that go on in the background: where they were begun, and wherever somebody waits for them or looks on. */
final class ShownBackgroundCells {

    private final Supplier<Lab> lab;
    private final Output output;
    private final ShownCells cells;

    ShownBackgroundCells(Supplier<Lab> lab, Output output, ShownCells cells) {
        this.lab = lab;
        this.output = output;
        this.cells = cells;
    }

    /** Begins it in the background; what it prints and its values appear in the cell that began it, where that can be. */
    StartedCell start(CellOptions options, String body) {
        StartedCell cell = lab.get().start(options, body);
        output.line(cell.title() + " goes on in the background; `%shard wait " + cell.name()
                + "` waits for it and shows what it printed and its values, `%shard interrupt " + cell.name()
                + "` stops it"
                + (output.lasting()
                        ? ""
                        : "; this kernel takes no output after a cell has ended, so it is not to be seen here"));
        if (output.lasting()) {
            Output here = output.here();
            CellText text = cell.watch();
            Screen.AutoCloseableQuietly watched = here.live(text);
            cell.afterwards(() -> end(cell, text, watched, here));
        }
        cells.hereToo(options, body);
        return cell;
    }

    /** The end, in the cell that began it; called on the cell's own thread. */
    private static void end(StartedCell cell, CellText text, Screen.AutoCloseableQuietly watched, Output where) {
        cell.unwatch(text);
        try {
            watched.close();
            cell.result().ifPresent(run -> ShownCells.show(run, where));
            problem(cell).forEach(where::show);
        } catch (RejectedExecutionException | CancellationException closed) {
            // The notebook has been closed meanwhile.
        }
    }

    /** Why it did not end as it should. */
    private static List<Content> problem(StartedCell cell) {
        List<Content> shown = new ArrayList<>();
        Optional<ShardException> problem = cell.problem();
        if (problem.isPresent() && !problem.get().failures().isEmpty()) {
            shown.add(FailureCard.of(problem.get().failures()).content());
        } else if (problem.isPresent() && problem.get().getCause() instanceof Cells.MistakenCell mistaken) {
            shown.add(CellView.mistakes(mistaken));
        }
        if (cell.state() != Started.State.DONE && shown.isEmpty()) {
            String line = cell.title() + ": " + (cell.note().isEmpty() ? cell.story() : cell.note());
            shown.add(Content.line(line));
        }
        return shown;
    }

    /** Waits, then shows what it printed and its values. */
    CellRun await(StartedCell cell) {
        try {
            cell.awaitEnd();
        } catch (InterruptedException enough) {
            Thread.currentThread().interrupt();
            return cell.await(); // Says that it goes on.
        }
        CellText text = cell.watch();
        cell.unwatch(text);
        output.live(text).close();
        return ended(cell);
    }

    /** Shows what it printed, and what it prints until its end. */
    CellRun attach(StartedCell cell) {
        CellText text = cell.watch();
        try (Screen.AutoCloseableQuietly watched = output.live(text)) {
            cell.awaitEnd();
        } catch (InterruptedException enough) {
            Thread.currentThread().interrupt();
            return cell.await();
        } finally {
            cell.unwatch(text);
        }
        return ended(cell);
    }

    private CellRun ended(StartedCell cell) {
        cell.result().ifPresent(run -> ShownCells.show(run, output));
        if (cell.problem().isEmpty()) {
            problem(cell).forEach(output::show);
        }
        return cell.await(); // Throws what is the matter, and the notebook shows its card.
    }
}
