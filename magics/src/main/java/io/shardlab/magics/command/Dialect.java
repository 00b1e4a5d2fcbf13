package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/**
 * The magics of another tool, translated. An instance belongs to one notebook and may remember what its magics set; the cell's
 * thread only.
 */
public sealed interface Dialect permits NbDistributed, IpyParallel {

    /** The tools whose names can be turned on. */
    List<String> NAMES = List.of("nbdistributed", "ipyparallel");

    static Dialect named(String tool) {
        return Values.choice(tool, NAMES).equals("ipyparallel") ? new IpyParallel() : new NbDistributed();
    }

    String tool();

    /** The names to register, both as lines and as cells. */
    List<String> names();

    /** What each magic becomes, for people: their form, and ours or why there is none. */
    Map<String, String> glossary();

    /**
     * A line of theirs.
     *
     * @throws IllegalArgumentException with one line, where it cannot be done: why, and our way
     */
    Translation line(String name, List<String> words);

    /** The first line of a cell of theirs; the same rules. */
    Translation cell(String name, List<String> words);

    /** Fills flags in from words; refuses in one line what they do not know. */
    static <F> F read(String magic, F flags, List<String> words) {
        CommandLine line = Verbs.commandLine(flags);
        try {
            line.parseArgs(words.toArray(String[]::new));
            return flags;
        } catch (CommandLine.ParameterException refused) {
            throw new IllegalArgumentException(Refusals.printable(Refusals.explain(magic, line, refused)), refused);
        }
    }

    /** {@code %load_ext}, which both tools begin with. */
    static Translation loaded(List<String> words) {
        String extension = String.join(" ", words);
        if (!NAMES.contains(extension)) {
            throw new IllegalArgumentException("load_ext: '" + Refusals.shortened(extension)
                    + "' is an extension of IPython; here `%shard compat nbdistributed|ipyparallel` turns names on");
        }
        return new Translation.Said("nothing to load; `%shard compat " + extension + "` turns the names on");
    }

    /** Words of a flag with its value. */
    static List<String> with(String flag, String value) {
        return new ArrayList<>(List.of(flag, value));
    }

    /** Ranks written as a list or slice of Python: {@code [0,1]}, {@code 1:3}, {@code ::2}, {@code all}. */
    static String selection(String magic, String written) {
        String text = written.replaceAll("[\\[\\]()\\s]", "").replaceAll(",$", "");
        if (text.matches(".*(^|[,:])-[0-9].*")) {
            throw new IllegalArgumentException(magic + ": '" + Refusals.shortened(written)
                    + "' counts ranks from the end; here they are counted from 0, and last-stage names the last stage");
        }
        try {
            return Selection.parse(text).toString();
        } catch (IllegalArgumentException refused) {
            throw new IllegalArgumentException(magic + ": " + refused.getMessage(), refused);
        }
    }
}
