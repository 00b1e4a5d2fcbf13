package io.shardlab.magics.command;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine;

/** The list of verbs, and the reading of one line. Stateless; any thread. */
public final class Verbs {

    static final int WIDTH = 100;

    private static final Map<String, Supplier<Command.Syntax>> VERBS = verbs();

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
        verbs.put("compare", CompareCommand.Flags::new);
        verbs.put("model", ModelCommand.Flags::new);
        verbs.put("schedule", ScheduleCommand.Flags::new);
        verbs.put("status", StatusCommand.Flags::new);
        verbs.put("top", TopCommand.Flags::new);
        verbs.put("jobs", JobsCommand.Flags::new);
        verbs.put("wait", WaitCommand.Flags::new);
        verbs.put("attach", AttachCommand.Flags::new);
        verbs.put("interrupt", InterruptCommand.Flags::new);
        verbs.put("timeline", TimelineCommand.Flags::new);
        verbs.put("mem", MemCommand.Flags::new);
        verbs.put("traffic", TrafficCommand.Flags::new);
        verbs.put("logs", LogsCommand.Flags::new);
        verbs.put("cell", CellCommand.Flags::new);
        verbs.put("vars", VarsCommand.Flags::new);
        verbs.put("push", PushCommand.Flags::new);
        verbs.put("pull", PullCommand.Flags::new);
        verbs.put("gather", GatherCommand.Flags::new);
        verbs.put("compat", CompatCommand.Flags::new);
        verbs.put("report", ReportCommand.Flags::new);
        verbs.put("devices", DevicesCommand.Flags::new);
        verbs.put("models", ModelsCommand.Flags::new);
        verbs.put("data", DataCommand.Flags::new);
        verbs.put("doctor", DoctorCommand.Flags::new);
        verbs.put("restart", RestartCommand.Flags::new);
        verbs.put("down", DownCommand.Flags::new);
        verbs.put("help", HelpCommand.Flags::new);
        return verbs;
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
            Refusals.refuseLongDashes(verb, line, rest);
            CommandLine.ParseResult result = line.parseArgs(rest.toArray(String[]::new));
            if (result.isUsageHelpRequested()) {
                return new HelpCommand(Optional.of(verb));
            }
            Refusals.refuseLaterFlags(result);
            return syntax.read();
        } catch (CommandLine.ParameterException refused) {
            throw new IllegalArgumentException(Refusals.printable(Refusals.explain(verb, line, refused)), refused);
        } catch (IllegalArgumentException refused) {
            throw new IllegalArgumentException(
                    Refusals.printable(Refusals.prefixed(verb, String.valueOf(refused.getMessage()))), refused);
        }
    }

    private static Command.Syntax syntax(String verb) {
        Supplier<Command.Syntax> supplier = VERBS.get(verb);
        if (supplier == null) {
            throw new IllegalArgumentException("unknown verb '" + verb + "'");
        }
        return supplier.get();
    }

    /** Refuses a verb that does not exist. */
    static void requireVerb(String verb) {
        if (!VERBS.containsKey(verb)) {
            throw new IllegalArgumentException(Refusals.printable("unknown verb '" + Refusals.shortened(verb) + "'"
                    + Nearest.guess(verb, names()) + "; verbs: " + String.join(", ", VERBS.keySet())));
        }
    }

    static CommandLine commandLine(Object syntax) {
        CommandLine line = new CommandLine(syntax);
        line.setExpandAtFiles(false);
        line.setUsageHelpWidth(WIDTH);
        line.setOut(new PrintWriter(Writer.nullWriter()));
        line.setErr(new PrintWriter(Writer.nullWriter()));
        line.getCommandSpec().usageMessage().synopsisHeading("%%shard ").sortOptions(false);
        return line;
    }

    /** The list of verbs, with one line each. */
    public static String overview() {
        return VerbHelp.overview(VERBS);
    }

    /** The flags of one verb, with examples; flags that come later stand together in one line. */
    public static String help(String verb) {
        requireVerb(verb);
        return VerbHelp.help(verb, commandLine(syntax(verb)));
    }
}
