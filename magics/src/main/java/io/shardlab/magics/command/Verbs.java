package io.shardlab.magics.command;

import io.shardlab.schedule.ScheduleRule;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** The list of verbs, and the reading of one line. Stateless; any thread. */
public final class Verbs {

    private static final int WIDTH = 100;
    private static final String LATER_FLAG = "later: ";
    private static final Pattern LONG_DASH = Pattern.compile("[\u2010-\u2015\u2212]");
    private static final int LONGEST_TOKEN = 60;

    private static final Map<String, Supplier<Command.Syntax>> VERBS = verbs();

    private static final Map<String, String> LATER = later();

    private Verbs() {}

    private static Map<String, Supplier<Command.Syntax>> verbs() {
        Map<String, Supplier<Command.Syntax>> verbs = new LinkedHashMap<>();
        verbs.put("up", UpCommand.Flags::new);
        verbs.put("plan", PlanCommand.Flags::new);
        verbs.put("place", PlaceCommand.Flags::new);
        verbs.put("train", TrainCommand.Flags::new);
        verbs.put("save", SaveCommand.Flags::new);
        verbs.put("load", LoadCommand.Flags::new);
        verbs.put("infer", InferCommand.Flags::new);
        verbs.put("check", CheckCommand.Flags::new);
        verbs.put("model", ModelCommand.Flags::new);
        verbs.put("schedule", ScheduleCommand.Flags::new);
        verbs.put("status", StatusCommand.Flags::new);
        verbs.put("timeline", TimelineCommand.Flags::new);
        verbs.put("mem", MemCommand.Flags::new);
        verbs.put("traffic", TrafficCommand.Flags::new);
        verbs.put("logs", LogsCommand.Flags::new);
        verbs.put("cell", CellCommand.Flags::new);
        verbs.put("vars", VarsCommand.Flags::new);
        verbs.put("push", PushCommand.Flags::new);
        verbs.put("pull", PullCommand.Flags::new);
        verbs.put("devices", DevicesCommand.Flags::new);
        verbs.put("models", ModelsCommand.Flags::new);
        verbs.put("data", DataCommand.Flags::new);
        verbs.put("doctor", DoctorCommand.Flags::new);
        verbs.put("down", DownCommand.Flags::new);
        verbs.put("help", HelpCommand.Flags::new);
        return verbs;
    }

    private static Map<String, String> later() {
        Map<String, String> later = new LinkedHashMap<>();
        later.put("compare", "comparing schemes");
        later.put("top", "the live table of workers");
        later.put("jobs", "listing background runs");
        later.put("wait", "waiting for a background run");
        later.put("attach", "watching a background run");
        later.put("interrupt", "interrupting a background run");
        later.put("restart", "restarting single workers");
        later.put("report", "the HTML report");
        later.put("compat", "translating the magics of other tools");
        return later;
    }

    /** The verbs that work, in the order of the help. */
    public static List<String> names() {
        return List.copyOf(VERBS.keySet());
    }

    /**
     * Reads the words after {@code %shard}.
     *
     * @throws IllegalArgumentException with one line: the word, what is allowed, the nearest match
     */
    public static Command parse(List<String> line) {
        // A magic's line goes to its end, comments included.
        int comment = line.indexOf("//");
        return parseArguments(comment < 0 ? line : line.subList(0, comment));
    }

    /** Reads the words after {@code %%shard}, with the cell's body; without a form it is Java for workers. */
    public static Command parseCell(List<String> line, String body) {
        boolean named = !line.isEmpty() && !line.get(0).matches("[-/\\u2010-\\u2015\\u2212].*");
        List<String> words = new ArrayList<>(line);
        if (!named) {
            words.add(0, "cell");
        }
        Command command = parse(words);
        if (command instanceof CellCommand cell) {
            return cell.withBody(body);
        }
        if (command instanceof ScheduleCommand schedule) {
            return new ScheduleCommand(schedule.options().withText(body));
        }
        if (command instanceof ModelCommand model) {
            return new ModelCommand(model.options().withText(body));
        }
        if (command instanceof HelpCommand) {
            return command;
        }
        throw new IllegalArgumentException("'" + words.get(0) + "' is no form of a cell; forms: `%%shard [-t SEL] …` "
                + "runs Java on workers (`%shard help cell`), `%%shard schedule NAME`, `%%shard model NAME`; `%shard "
                + words.get(0) + " …` is a line");
    }

    private static Command parseArguments(List<String> arguments) {
        if (arguments.isEmpty() || List.of("-h", "--help").contains(arguments.get(0))) {
            return new HelpCommand(Optional.empty());
        }
        String verb = arguments.get(0);
        requireVerb(verb);
        Command.Syntax syntax = syntax(verb);
        CommandLine line = commandLine(syntax);
        List<String> rest = arguments.subList(1, arguments.size());
        try {
            refuseLongDashes(verb, line, rest);
            CommandLine.ParseResult result = line.parseArgs(rest.toArray(String[]::new));
            if (result.isUsageHelpRequested()) {
                return new HelpCommand(Optional.of(verb));
            }
            refuseLaterFlags(result);
            return syntax.read();
        } catch (CommandLine.ParameterException refused) {
            throw new IllegalArgumentException(printable(explain(verb, line, refused)), refused);
        } catch (IllegalArgumentException refused) {
            throw new IllegalArgumentException(
                    printable(prefixed(verb, String.valueOf(refused.getMessage()))), refused);
        }
    }

    private static String prefixed(String verb, String message) {
        return message.startsWith(verb + " ") || message.startsWith(verb + ": ") ? message : verb + ": " + message;
    }

    private static Command.Syntax syntax(String verb) {
        Supplier<Command.Syntax> supplier = VERBS.get(verb);
        if (supplier == null) {
            throw new IllegalArgumentException("unknown verb '" + verb + "'");
        }
        return supplier.get();
    }

    /** Refuses a verb that does not exist or is not there yet. */
    static void requireVerb(String verb) {
        if (LATER.containsKey(verb)) {
            throw new IllegalArgumentException(
                    "%shard " + verb + " is not there yet: " + LATER.get(verb) + " comes later; nothing was started");
        }
        if (!VERBS.containsKey(verb)) {
            List<String> all = new ArrayList<>(VERBS.keySet());
            all.addAll(LATER.keySet());
            throw new IllegalArgumentException(printable("unknown verb '" + shortened(verb) + "'" + guess(verb, all)
                    + "; verbs: " + String.join(", ", VERBS.keySet())));
        }
    }

    private static CommandLine commandLine(Command.Syntax syntax) {
        CommandLine line = new CommandLine(syntax);
        line.setExpandAtFiles(false);
        line.setUsageHelpWidth(WIDTH);
        line.setOut(new PrintWriter(Writer.nullWriter()));
        line.setErr(new PrintWriter(Writer.nullWriter()));
        line.getCommandSpec().usageMessage().synopsisHeading("%%shard ").sortOptions(false);
        return line;
    }

    private static void refuseLaterFlags(CommandLine.ParseResult result) {
        for (CommandLine.Model.OptionSpec option : result.matchedOptions()) {
            String description = String.join(" ", option.description());
            if (description.startsWith(LATER_FLAG)) {
                String value = option.originalStringValues().isEmpty()
                                || option.arity().max() == 0
                        ? ""
                        : " " + option.originalStringValues().get(0);
                throw Values.later(option.longestName() + value, description.substring(LATER_FLAG.length()));
            }
        }
    }

    private static String explain(String verb, CommandLine line, CommandLine.ParameterException refused) {
        if (refused instanceof CommandLine.UnmatchedArgumentException unmatched) {
            return unknown(verb, line, unmatched.getUnmatched().get(0));
        }
        if (refused instanceof CommandLine.OverwrittenOptionException twice) {
            return verb + ": " + name(twice.getOverwritten()) + " is given twice; give it once";
        }
        if (refused instanceof CommandLine.MissingParameterException missing) {
            return missing(verb, missing);
        }
        if (refused.getCause() instanceof IllegalArgumentException rule && refused.getArgSpec() != null) {
            return verb + ": " + name(refused.getArgSpec()) + " " + shortened(refused.getValue()) + " "
                    + rule.getMessage();
        }
        return verb + ": " + refused.getMessage();
    }

    private static String unknown(String verb, CommandLine line, String word) {
        List<String> flags = new ArrayList<>();
        List<String> allowed = new ArrayList<>();
        for (CommandLine.Model.OptionSpec option : line.getCommandSpec().options()) {
            flags.add(option.longestName());
            if (!String.join(" ", option.description()).startsWith(LATER_FLAG)) {
                allowed.add(option.longestName());
            }
        }
        boolean flag = word.startsWith("-") || LONG_DASH.matcher(word).lookingAt();
        return verb + ": " + (flag ? "unknown flag '" : "unexpected word '") + shortened(word) + "'"
                + (flag ? guess(word, flags) : "") + "; allowed: " + String.join(", ", allowed);
    }

    /** Editors turn two dashes into a long one, and then the flag looks like a word. */
    private static void refuseLongDashes(String verb, CommandLine line, List<String> words) {
        List<String> flags = new ArrayList<>();
        line.getCommandSpec().options().forEach(option -> flags.add(option.longestName()));
        for (String word : words) {
            if (LONG_DASH.matcher(word).lookingAt()
                    && word.indexOf(' ') < 0
                    && Nearest.to(word, flags).isPresent()) {
                throw new IllegalArgumentException(unknown(verb, line, word));
            }
        }
    }

    private static String missing(String verb, CommandLine.MissingParameterException missing) {
        if (!missing.getMissing().isEmpty() && missing.getMissing().get(0).isPositional()) {
            String label = missing.getMissing().get(0).paramLabel();
            if (label.equals("DIR")) {
                return verb + " needs a DIR: `%shard " + verb + " checkpoints/first`";
            }
            return verb.equals("model")
                    ? "model needs a NAME: `%%shard model mlp` above Java code that returns a Block"
                    : verb.equals("schedule")
                            ? "schedule needs a NAME: `%shard schedule zb-h1`; rules: "
                                    + String.join(", ", ScheduleRule.NAMES)
                            : verb + " needs a MODEL: `%shard " + verb + " tiny`; `%shard models` lists the presets";
        }
        CommandLine.Model.ArgSpec flag = missing.getMissing().isEmpty()
                ? missing.getArgSpec()
                : missing.getMissing().get(0);
        return flag == null
                ? verb + ": " + missing.getMessage()
                : verb + ": " + name(flag) + " needs a value: " + name(flag) + " " + flag.paramLabel();
    }

    private static String name(CommandLine.Model.ArgSpec spec) {
        return spec instanceof CommandLine.Model.OptionSpec option ? option.longestName() : spec.paramLabel();
    }

    private static String guess(String word, List<String> allowed) {
        return Nearest.to(word, allowed)
                .map(near -> "; did you mean " + near + "?")
                .orElse("");
    }

    private static String shortened(String word) {
        return word.length() <= LONGEST_TOKEN ? word : word.substring(0, LONGEST_TOKEN) + "…";
    }

    /** One line without control characters, whatever was typed. */
    private static String printable(String message) {
        return message.replaceAll("[\\p{Cntrl}\\p{Cf}]+", " ").strip();
    }

    /** The list of verbs, with one line each. */
    public static String overview() {
        StringBuilder text = new StringBuilder("%shard VERB …: shards Deep Java Library models over worker JVMs\n\n");
        VERBS.forEach((verb, syntax) -> text.append(String.format(
                "  %-9s %s%n",
                verb,
                commandLine(syntax.get())
                        .getCommandSpec()
                        .usageMessage()
                        .description()[0]
                        .replace("%%", "%"))));
        text.append("\nlater: ").append(String.join(", ", LATER.keySet())).append('\n');
        text.append("\n%shard VERB --help explains one. A first tour:\n");
        text.append("  %shard up -n 2\n  %shard train tiny --tp 2 --steps 20\n  %shard check\n  %shard down\n");
        return text.toString();
    }

    /** The flags of one verb, with examples; flags that come later stand together in one line. */
    public static String help(String verb) {
        requireVerb(verb);
        CommandLine line = commandLine(syntax(verb)).setSeparator(" ");
        CommandLine.Model.CommandSpec spec = line.getCommandSpec();
        List<String> later = new ArrayList<>();
        for (CommandLine.Model.OptionSpec option : List.copyOf(spec.options())) {
            String description = String.join(" ", option.description());
            if (description.startsWith(LATER_FLAG)) {
                later.add(option.longestName() + " (" + description.substring(LATER_FLAG.length()) + ")");
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
            if (line.length() + word.length() + 2 > WIDTH) {
                text.append(line.toString().stripTrailing()).append('\n');
                line = new StringBuilder("  ");
            }
            line.append(word).append(", ");
        }
        return "\n" + text + line.toString().replaceAll(", $", "") + "\n";
    }
}
