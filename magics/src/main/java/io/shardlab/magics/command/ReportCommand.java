package io.shardlab.magics.command;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code %shard report FILE.html}. */
public record ReportCommand(Path file, Optional<String> title) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.report(file, title);
    }

    /** Refuses a name that does not say HTML: a report replaces the file. */
    public static Path requireHtml(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (!name.endsWith(".html") && !name.endsWith(".htm")) {
            throw new IllegalArgumentException(
                    "report file '" + file + "' must end in .html, because it is replaced: `%shard report first.html`");
        }
        return file;
    }

    @CommandLine.Command(
            name = "report",
            description =
                    "Writes what this session did into one HTML file without scripts: environment, plan, runs, checks, comparisons.",
            footer = {
                "",
                "Examples:",
                "  %%shard report first.html",
                "  %%shard report first.html --title \"Two workers\""
            })
    static final class Flags extends Syntax {
        @CommandLine.Parameters(paramLabel = "FILE", description = "ends in .html; replaced if it is there")
        String file = "";

        @Option(names = "--title", paramLabel = "TEXT", description = "heading of the report")
        @Nullable
        String title;

        @Override
        Command read() {
            return new ReportCommand(requireHtml(Values.path(file)), Optional.ofNullable(title));
        }
    }
}
