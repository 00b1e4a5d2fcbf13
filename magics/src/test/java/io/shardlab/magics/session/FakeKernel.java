package io.shardlab.magics.session;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A kernel that knows variables by name and the magics that were registered. */
final class FakeKernel implements HostKernel {

    final Map<String, Object> variables = new HashMap<>();
    private final Map<String, Line> lines = new HashMap<>();
    private final Map<String, Cell> cells = new HashMap<>();

    @Override
    public @Nullable Object evaluate(String source) {
        if (!variables.containsKey(source)) {
            throw new IllegalArgumentException("in the notebook: this does not compile there: " + source);
        }
        return variables.get(source);
    }

    @Override
    public void register(String name, Line line, Cell cell) {
        lines.put(name, line);
        cells.put(name, cell);
    }

    @Override
    public String version() {
        return "Fake 1.0";
    }

    /** Types a line as a user would; words are split at blanks. */
    Object line(String text) {
        List<String> words = List.of(text.split(" "));
        return Objects.requireNonNull(lines.get(words.get(0)), text).run(words.subList(1, words.size()));
    }

    Object cell(String first, String body) {
        List<String> words = List.of(first.split(" "));
        return Objects.requireNonNull(cells.get(words.get(0)), first).run(words.subList(1, words.size()), body);
    }
}
