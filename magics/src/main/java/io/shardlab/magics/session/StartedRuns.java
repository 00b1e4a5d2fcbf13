package io.shardlab.magics.session;

import io.shardlab.magics.command.Nearest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The runs of this session, and its cells in the background, by name, in the order in which they were begun; old ones are forgotten. Any thread. */
final class StartedRuns {

    private static final int MOST = 50;

    private final Map<String, Started<?>> runs = new LinkedHashMap<>();

    /** A name for one: the wished-for one, or one that is still free. */
    synchronized String freeName(Optional<String> wished, String otherwise) {
        if (wished.isPresent()) {
            return wished.get();
        }
        String name = otherwise;
        for (int number = 2; runs.containsKey(name); number++) {
            name = otherwise + "-" + number;
        }
        return name;
    }

    /** Keeps one; an older one of the same name is forgotten. */
    synchronized void add(Started<?> run) {
        runs.remove(run.name());
        runs.put(run.name(), run);
        Iterator<Started<?>> oldest = runs.values().iterator();
        while (runs.size() > MOST && oldest.hasNext()) {
            if (oldest.next().isOver()) {
                oldest.remove();
            }
        }
    }

    synchronized void remove(Started<?> run) {
        runs.remove(run.name(), run);
    }

    synchronized List<Started<?>> all() {
        return new ArrayList<>(runs.values());
    }

    /** The one that has not ended, if there is one. */
    Optional<Started<?>> underWay() {
        return all().stream().filter(run -> !run.isOver()).findFirst();
    }

    /** The cell in the background of that name, if there is one. */
    Optional<StartedCell> cell(String name) {
        return all().stream()
                .filter(run -> run.name().equals(name))
                .filter(StartedCell.class::isInstance)
                .map(StartedCell.class::cast)
                .findFirst();
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
        List<String> names = known.stream().map(Started::name).toList();
        return known.stream()
                .filter(run -> run.name().equals(wanted)
                        || run instanceof StartedRun training
                                && training.folder()
                                        .filter(folder -> wanted.equals(String.valueOf(folder.getFileName())))
                                        .isPresent())
                .findFirst()
                .orElseThrow(() -> new ShardException(verb + ": there is no run '" + wanted + "'"
                        + Nearest.guess(wanted, names)
                        + (names.isEmpty() ? "; no run was begun" : "; runs: " + String.join(", ", names))));
    }
}
