package io.shardlab.magics.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import picocli.CommandLine;

/** The texts of {@code %shard help}. Stateless; any thread. */
final class VerbHelp {

    private VerbHelp() {}

    /** The list of verbs, with one line each. */
    static String overview(Map<String, Supplier<Command.Syntax>> verbs) {
        StringBuilder text = new StringBuilder("%shard VERB …: shards Deep Java Library models over worker JVMs\n\n");
        verbs.forEach((verb, syntax) -> text.append(String.format(
                "  %-9s %s%n",
                verb,
                Verbs.commandLine(syntax.get())
                        .getCommandSpec()
                        .usageMessage()
                        .description()[0]
                        .replace("%%", "%"))));
        text.append("\n%shard VERB --help explains one. A first tour:\n");
        text.append("  %shard up -n 2\n  %shard train tiny --tp 2 --steps 20\n  %shard check\n  %shard down\n");
        text.append("\nA verb's value is data under its type (`var` would make it an Object):\n");
        text.append("  Table t = %shard status\n  PlanView p = %shard plan tiny --tp 2\n  Run r = %shard train tiny\n");
        return text.toString();
    }

    /** The flags of one verb, with examples; flags that come later stand together in one line. */
    static String help(String verb, CommandLine line) {
        line.setSeparator(" ");
        CommandLine.Model.CommandSpec spec = line.getCommandSpec();
        List<String> later = new ArrayList<>();
        for (CommandLine.Model.OptionSpec option : List.copyOf(spec.options())) {
            String description = String.join(" ", option.description());
            if (description.startsWith(Refusals.LATER_FLAG)) {
                later.add(option.longestName() + " (" + description.substring(Refusals.LATER_FLAG.length()) + ")");
                spec.remove(option);
                spec.addOption(option.toBuilder().hidden(true).build());
            }
        }
        String model = spec.positionalParameters().isEmpty()
                ? ""
                : " "
                        + (spec.positionalParameters().get(0).required() ? "%s" : "[%s]")
                                .formatted(spec.positionalParameters().get(0).paramLabel());
        if (((Command.Syntax) spec.userObject()).takesBody()) {
            spec.usageMessage().synopsisHeading("%%%%shard ");
        }
        spec.usageMessage().customSynopsis(verb + model + " [flags]");
        String text = line.getUsageMessage(CommandLine.Help.Ansi.OFF);
        return later.isEmpty()
                ? text
                : text.replaceFirst("\nExamples:", Matcher.quoteReplacement(wrapped("Later: ", later) + "\nExamples:"));
    }

    private static String wrapped(String start, List<String> words) {
        StringBuilder text = new StringBuilder();
        StringBuilder line = new StringBuilder(start);
        for (String word : words) {
            if (line.length() + word.length() + 2 > Verbs.WIDTH) {
                text.append(line.toString().stripTrailing()).append('\n');
                line = new StringBuilder("  ");
            }
            line.append(word).append(", ");
        }
        return "\n" + text + line.toString().replaceAll(", $", "") + "\n";
    }
}
