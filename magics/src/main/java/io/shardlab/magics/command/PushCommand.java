package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/**
 * {@code %shard push}.
 *
 * @param values by the name that they get
 * @param names of the notebook's own variables that go along
 */
public record PushCommand(Map<String, Object> values, List<String> names, Selection selection) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.push(values, names, selection);
    }

    @CommandLine.Command(
            name = "push",
            description = "Sends values to the workers' cells: numbers, texts, arrays.",
            footer = {
                "",
                "A NAME alone is a variable of the notebook: a number, a text, or an array of these. VALUE is a number,",
                "true, false, an array such as [1, 2.5] or [[1, 2], [3, 4]], or a text. Names come before values.",
                "Up to 8 MiB each.",
                "",
                "Examples:",
                "  %%shard push rate=0.01 steps=20",
                "  %%shard push samples labels",
                "  %%shard push -t 0 weights=[0.25, 0.75] note=first try"
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "NAME[=VALUE]", arity = "0..*", description = "variables and their values")
        List<String> words = new ArrayList<>();

        @CommandLine.Mixin
        SelectionFlag ranks = new SelectionFlag();

        @Override
        Command read() {
            int named = 0;
            while (named < words.size() && Literals.isName(words.get(named))) {
                named++;
            }
            List<String> names = List.copyOf(words.subList(0, named));
            Map<String, Object> values = new LinkedHashMap<>();
            if (named < words.size() || names.isEmpty()) {
                Literals.assignments(words.subList(named, words.size()))
                        .forEach((name, text) -> values.put(name, Literals.value(name, text)));
            }
            for (int at = 0; at < names.size(); at++) {
                if (values.containsKey(names.get(at)) || names.indexOf(names.get(at)) < at) {
                    throw new IllegalArgumentException("push: " + names.get(at) + " is given twice; give it once");
                }
            }
            return new PushCommand(values, names, ranks.selection);
        }
    }
}
