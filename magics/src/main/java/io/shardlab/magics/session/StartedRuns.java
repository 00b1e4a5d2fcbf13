package io.shardlab.magics.session;

import io.shardlab.magics.command.Nearest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The runs of this session, and its cells in the background, in the order in which they were begun; old ones are forgotten. A name
 * means the newest of that name; runs are told apart by their folder, which has a number. Any thread.
 */
final class StartedRuns {

    private static final int MOST = 50;

    private final List<Started<?>> runs = new ArrayList<>();

    /** A name for one: the wished-for one, or one that is still free. */
    synchronized String freeName(Optional<String> wished, String otherwise) {
        if (wished.isPresent()) {
            return wished.get();
        }
        String name = otherwise;
        for (int number = 2; named(name).isPresent(); number++) {
            name = otherwise + "-" + number;
        }
        return name;
    }

    private synchronized Optional<Started<?>> named(String name) {
        return newest(run -> run.name().equals(name));
    }

    private synchronized Optional<Started<?>> newest(Predicate<Started<?>> wanted) {
        return runs.stream().filter(wanted).reduce((older, newer) -> newer);
    }

    synchronized void add(Started<?> run) {
        runs.add(run);
        Iterator<Started<?>> oldest = runs.iterator();
        while (runs.size() > MOST && oldest.hasNext()) {
            if (oldest.next().isOver()) {
                oldest.remove();
            }
        }
    }

    synchronized void remove(Started<?> run) {
        runs.remove(run);
    }

    synchronized List<Started<?>> all() {
        return List.copyOf(runs);
    }

    /** The one that has not ended, if there is one. */
    Optional<Started<?>> underWay() {
        return all().stream().filter(run -> !run.isOver()).findFirst();
    }

    /** The cell in the background of that name, if there is one. */
    Optional<StartedCell> cell(String name) {
        return newest(run -> run.name().equals(name) && run instanceof StartedCell)
                .map(StartedCell.class::cast);
    }

    /** The one of that name; without a name the one under way, else the last one. */
    Started<?> find(String verb, Optional<String> name) {
        List<Started<?>> known = all();
        if (name.isEmpty()) {
            return underWay()
                    .or(() -> known.isEmpty() ? Optional.empty() : Optional.of(known.get(known.size() - 1)))
                    .orElseThrow(
                            () -> new ShardException(
                                    verb
                                            + ": no run was begun; `%shard train -a` begins one in the background, `%%shard -a` a cell"));
        }
        String wanted = name.get();
        List<String> names = known.stream().map(Started::name).distinct().toList();
        return named(wanted)
                .or(() -> newest(run -> isIn(wanted, run)))
                .orElseThrow(() -> new ShardException(verb + ": there is no run '" + wanted + "'"
                        + Nearest.guess(wanted, names)
                        + (names.isEmpty() ? "; no run was begun" : "; runs: " + String.join(", ", names))));
    }

    private static boolean isIn(String folder, Started<?> run) {
        return run instanceof StartedRun training
                && training.folder()
                        .filter(path -> folder.equals(String.valueOf(path.getFileName())))
                        .isPresent();
    }
}
