package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * {@code %shard gather}.
 *
 * @param dimension along which the ranks' arrays are put one behind the other, from 0
 */
public record GatherCommand(String name, Selection selection, int dimension) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.gather(name, selection, dimension);
    }

    @CommandLine.Command(
            name = "gather",
            description = "Fetches a variable and joins the ranks' parts into one array, in rank order.",
            footer = {
                "",
                "Arrays and tensors are put one behind the other along a dimension; numbers become an array with one",
                "element per rank. `io.shardlab.magics.session.Gathered g = %%shard gather x`, then g.value().",
                "",
                "Examples:",
                "  %%shard gather x",
                "  %%shard gather losses -t 0-1 --dim 0"
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "NAME", arity = "0..1", description = "of the variable")
        @Nullable
        String name;

        @CommandLine.Mixin
        SelectionFlag ranks = new SelectionFlag();

        @CommandLine.Option(
                names = "--dim",
                paramLabel = "D",
                converter = Values.CountOrZero.class,
                description = "dimension to join along, from 0 (default 0)")
        Integer dimension = 0;

        @Override
        Command read() {
            if (name == null) {
                throw new IllegalArgumentException(
                        "gather needs a NAME: `%shard gather x`; `%shard vars` lists the variables");
            }
            return new GatherCommand(name, ranks.selection, dimension);
        }
    }
}
