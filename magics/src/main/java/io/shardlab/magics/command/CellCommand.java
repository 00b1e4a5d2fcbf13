package io.shardlab.magics.command;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * {@code %%shard} with a Java body; the line form has none.
 *
 * @param inBackground whether the notebook's cell ends while the workers go on
 */
public record CellCommand(CellOptions options, boolean inBackground, Optional<String> body) implements Command {

    CellCommand withBody(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("the cell is empty: write Java below %%shard");
        }
        return new CellCommand(options, inBackground, Optional.of(text));
    }

    @Override
    public Object perform(Actions actions) {
        String java = body.orElseThrow(() -> new IllegalArgumentException(
                "cell needs a body: `%%shard -t 0` on the first line of a cell, Java below it"));
        return inBackground ? actions.startCell(options, java) : actions.cell(options, java);
    }

    @CommandLine.Command(
            name = "cell",
            description = "Runs a Java cell on workers: %%%%shard on its first line, Java below.",
            footer = {
                "",
                "Variables, methods and imports stay, on each worker its own. Predefined: rank, worldSize, mesh,",
                "device, manager (NDManager), model (placed weights by name, or null), comm (allReduce, allGather,",
                "reduceScatter, broadcast, send, receive, barrier). The last expression is shown for each rank.",
                "",
                "Examples:",
                "  %%%%shard",
                "  comm.allReduce(rank + 1.0)",
                "",
                "  %%%%shard -t last-stage --timeout 10",
                "  model.get(\"model.norm.weight\").norm()",
                "",
                "  %%%%shard cell -t 0,2 --group -o counted",
                "  for (int i = 0; i < 3; i++) System.out.println(i);",
                "",
                "  %%%%shard -a -o watch",
                "  for (int i = 0; i < 60; i++) { System.out.println(i); Thread.sleep(1000); }",
                "",
                "  %%%%shard --local",
                "  record Point(double x, double y) {}"
            })
    static final class Flags extends Syntax {
        @CommandLine.Mixin
        SelectionFlag ranks = new SelectionFlag();

        @CommandLine.Option(names = "--group", description = "what ranks print at the end, rank by rank")
        boolean group;

        @CommandLine.Option(
                names = "--timeout",
                paramLabel = "S",
                converter = Values.Decimal.class,
                description = "seconds after which the ranks are asked to stop and those that had not ended are named")
        @Nullable
        Double timeout;

        @CommandLine.Option(
                names = {"-o", "--out"},
                paramLabel = "NAME",
                description = "names the cell and keeps its result: lab.result(\"NAME\")")
        @Nullable
        String name;

        @CommandLine.Option(
                names = {"-a", "--noblock"},
                description = "in the background: %%shard jobs, wait, attach and interrupt find it by its name")
        boolean inBackground;

        @CommandLine.Option(
                names = "--local",
                description = "runs the cell in the notebook's own Java as well, after the workers")
        boolean local;

        @Override
        boolean takesBody() {
            return true;
        }

        @Override
        Command read() {
            Optional<Duration> limit = Optional.ofNullable(timeout).map(seconds -> {
                if (seconds == 0) {
                    throw new IllegalArgumentException("--timeout 0 must be more than 0 seconds");
                }
                return Duration.ofNanos(Math.round(Math.min(seconds, 1e9) * 1e9));
            });
            return new CellCommand(
                    new CellOptions(ranks.selection, group, limit, Optional.ofNullable(name), local),
                    inBackground,
                    Optional.empty());
        }
    }
}
