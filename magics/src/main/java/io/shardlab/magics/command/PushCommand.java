package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/** {@code %shard push}. */
public record PushCommand(Map<String, Object> values, Selection selection) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.push(values, selection);
    }

    @CommandLine.Command(
            name = "push",
            description = "Sends values to the workers' cells: numbers, texts, arrays.",
            footer = {
                "",
                "VALUE is a number, true, false, an array of these such as [1, 2.5] or [[1, 2], [3, 4]], or a text.",
                "Values of the notebook's own variables go by lab.push(\"x\", x), where `Lab lab = %%shard up`.",
                "Up to 8 MiB each.",
                "",
                "Examples:",
                "  %%shard push rate=0.01 steps=20",
                "  %%shard push -t 0 weights=[0.25, 0.75] note=first try"
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "NAME=VALUE", arity = "0..*", description = "variables and their values")
        List<String> words = new ArrayList<>();

        @CommandLine.Option(
                names = {"-t", "--to"},
                paramLabel = "SEL",
                converter = Values.Ranks.class,
                description = "which ranks: 0 | 0,2 | 0-2 | ::2 | all | pp=1 | last-stage (default all)")
        Selection selection = Selection.ALL;

        @Override
        Command read() {
            Map<String, Object> values = new LinkedHashMap<>();
            Literals.assignments(words).forEach((name, text) -> values.put(name, Literals.value(name, text)));
            return new PushCommand(values, selection);
        }
    }
}
