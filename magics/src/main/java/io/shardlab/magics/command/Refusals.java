package io.shardlab.magics.command;

import io.shardlab.schedule.ScheduleRule;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** Says in one line why words were not understood: the word, what is allowed, the nearest match. Stateless; any thread. */
final class Refusals {

    static final String LATER_FLAG = "later: ";

    private static final Pattern LONG_DASH = Pattern.compile("[\u2010-\u2015\u2212]");
    private static final int LONGEST_TOKEN = 60;

    private Refusals() {}

    static String prefixed(String verb, String message) {
        return message.startsWith(verb + " ") || message.startsWith(verb + ": ") ? message : verb + ": " + message;
    }

    /** Refuses flags that are not there yet. */
    static void refuseLaterFlags(CommandLine.ParseResult result) {
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

    static String explain(String verb, CommandLine line, CommandLine.ParameterException refused) {
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
            if (rule instanceof Values.Told) {
                return verb + ": " + rule.getMessage();
            }
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
                + (flag ? Nearest.guess(word, flags) : "") + "; allowed: " + String.join(", ", allowed);
    }

    /** Editors turn two dashes into a long one, and then the flag looks like a word. */
    static void refuseLongDashes(String verb, CommandLine line, List<String> words) {
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
            if (label.equals("FILE")) {
                return verb + " needs a FILE: `%shard " + verb + " first.html`";
            }
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

    static String shortened(String word) {
        return word.length() <= LONGEST_TOKEN ? word : word.substring(0, LONGEST_TOKEN) + "…";
    }

    /** One line without control characters, whatever was typed. */
    static String printable(String message) {
        return message.replaceAll("[\\p{Cntrl}\\p{Cf}]+", " ").strip();
    }
}
