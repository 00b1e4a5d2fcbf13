package io.shardlab.magics.session;

import io.shardlab.magics.command.Verbs;
import java.util.List;
import java.util.Optional;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/** The session of one notebook. */
public final class Notebook implements AutoCloseable {
    private final NotebookPort port;

    public Notebook(NotebookPort port) {
        this.port = port;
    }

    /** {@code %shard …}: shows its output and returns it as data. */
    public Object line(List<String> arguments) {
        if (arguments.isEmpty() || arguments.get(0).equals("help")) {
            return show(Table.create(
                    "verbs", StringColumn.create("verb", Verbs.names().toArray(new String[0]))));
        }
        String verb = arguments.get(0);
        if (!Verbs.names().contains(verb)) {
            throw new ShardException("unknown verb " + verb + "; %shard help lists the verbs");
        }
        return show(Table.create(verb, StringColumn.create("verb", verb)));
    }

    /** {@code %%shard …} with a body. */
    public Object cell(List<String> arguments, String body) {
        throw new ShardException("%%shard comes later");
    }

    @Override
    public void close() {}

    private Table show(Table table) {
        String text = table.print();
        port.display(new NotebookPort.Content("<pre>" + text + "</pre>", text, Optional.empty()));
        return table;
    }
}
