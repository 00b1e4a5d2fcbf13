package io.shardlab.magics.command;

import io.shardlab.plan.Options;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.ScheduleRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One scheme of a comparison, with how it is carried out: {@code tp=2}, {@code pp=2,m=8,schedule=zb-h1}, {@code naive=2}.
 *
 * @param label as the user wrote it, without blanks
 * @param microbatches empty for as many as a plan takes by itself
 * @param schedule of the pipeline; empty for the usual one
 * @param naive whether it is the split into stages with the whole batch as one micro-batch: one device works at a time
 */
public record ComparedScheme(
        String label,
        Scheme scheme,
        OptionalInt microbatches,
        Optional<String> schedule,
        Options options,
        boolean naive) {

    private static final List<String> WITH_VALUE =
            List.of("single", "naive", "tp", "pp", "dp", "m", "schedule", "chunks", "zero");
    private static final List<String> FLAGS = List.of("sp", "uneven", "recompute");
    private static final String ALLOWED =
            "single, naive=K, tp=T, pp=P, dp=D, m=M, schedule=NAME, chunks=V, zero=1, sp, uneven, recompute";

    /** Reads schemes that are set apart by semicolons. */
    public static List<ComparedScheme> parseAll(String text) {
        List<ComparedScheme> schemes = new ArrayList<>();
        for (String part : text.split(";", -1)) {
            if (!part.isBlank()) {
                schemes.add(parse(part));
            }
        }
        if (schemes.isEmpty()) {
            throw new IllegalArgumentException(
                    "--schemes '" + Refusals.shortened(text) + "' names none; such as \"single; tp=2; pp=2,m=8\"");
        }
        for (int i = 1; i < schemes.size(); i++) {
            String label = schemes.get(i).label();
            if (schemes.subList(0, i).stream()
                    .anyMatch(earlier -> earlier.label().equals(label))) {
                throw new IllegalArgumentException("--schemes names " + label + " twice; name it once");
            }
        }
        return schemes;
    }

    /** Reads one scheme. */
    public static ComparedScheme parse(String text) {
        String label = text.replaceAll("\\s+", "");
        Scheme scheme = Scheme.SINGLE;
        Options options = Options.DEFAULT;
        OptionalInt microbatches = OptionalInt.empty();
        Optional<String> schedule = Optional.empty();
        boolean naive = false;
        List<String> seen = new ArrayList<>();
        for (String term : label.split(",", -1)) {
            String key = term.contains("=") ? term.substring(0, term.indexOf('=')) : term;
            String value = term.contains("=") ? term.substring(term.indexOf('=') + 1) : "";
            requireTerm(label, term, key, value, seen);
            seen.add(key);
            switch (key) {
                case "tp" -> scheme = scheme.withTp(count(label, term, value));
                case "pp" -> scheme = scheme.withPp(count(label, term, value));
                case "dp" -> scheme = scheme.withDp(count(label, term, value));
                case "m" -> microbatches = OptionalInt.of(count(label, term, value));
                case "schedule" -> schedule = Optional.of(value);
                case "chunks" -> options = options.withChunks(count(label, term, value));
                case "zero" -> options = options.withZero(zero(label, term, value));
                case "sp" -> options = options.withSequenceParallel(true);
                case "uneven" -> options = options.withUneven(true);
                case "recompute" -> options = options.withRecompute(true);
                case "naive" -> {
                    naive = true;
                    scheme = Scheme.pp(count(label, term, value));
                    microbatches = OptionalInt.of(1);
                }
                default -> {} // single
            }
        }
        if (seen.size() > 1 && (naive || seen.contains("single") && (scheme.numRanks() > 1 || schedule.isPresent()))) {
            throw refused(label, "'" + (naive ? "naive" : "single") + "' stands alone");
        }
        if ("interleaved".equals(schedule.orElse("")) && options.chunks() == 1) {
            options = options.withChunks(2);
        } else if (schedule.isEmpty() && options.chunks() > 1) {
            schedule = Optional.of("interleaved");
        }
        return new ComparedScheme(label, scheme, microbatches, schedule, options, naive);
    }

    private static void requireTerm(String label, String term, String key, String value, List<String> seen) {
        List<String> known = new ArrayList<>(WITH_VALUE);
        known.addAll(FLAGS);
        if (!known.contains(key)) {
            throw refused(
                    label,
                    "'" + Refusals.shortened(term) + "' is not known" + Nearest.guess(key, known) + "; allowed: "
                            + ALLOWED);
        }
        if (seen.contains(key)) {
            throw refused(label, key + " is given twice");
        }
        boolean alone = FLAGS.contains(key) || key.equals("single");
        if (alone && term.contains("=")) {
            throw refused(label, "'" + Refusals.shortened(term) + "' takes no value; write " + key);
        }
        if (!alone && value.isEmpty()) {
            throw refused(
                    label, key + " needs a value such as " + (key.equals("schedule") ? "schedule=gpipe" : key + "=2"));
        }
        if (key.equals("schedule") && !value.matches("[A-Za-z][A-Za-z0-9._-]{0,39}")) {
            throw refused(
                    label,
                    "'" + Refusals.shortened(value) + "' is no name of a schedule"
                            + Nearest.guess(value, ScheduleRule.NAMES) + "; rules: "
                            + String.join(", ", ScheduleRule.NAMES));
        }
    }

    private static int count(String label, String term, String value) {
        if (!value.matches("[1-9][0-9]{0,3}")) {
            throw refused(label, "'" + Refusals.shortened(term) + "' must be a whole number from 1 to 9999");
        }
        return Integer.parseInt(value);
    }

    private static int zero(String label, String term, String value) {
        if (!value.equals("0") && !value.equals("1")) {
            throw refused(label, "'" + Refusals.shortened(term) + "' must be zero=0 or zero=1");
        }
        return Integer.parseInt(value);
    }

    private static IllegalArgumentException refused(String label, String why) {
        return new IllegalArgumentException("--schemes '" + Refusals.shortened(label) + "': " + why);
    }

    /** Sequences of a batch must be a multiple of this. */
    int parts() {
        return scheme.data() * microbatches.orElse(1);
    }

    /** How the comparison's model is placed under this scheme, with the comparison's batch. */
    PlanOptions placement(CompareOptions options, int batch) {
        WorkloadChoice workload =
                new WorkloadChoice(OptionalInt.of(batch), options.workload().sequence(), microbatches(batch), schedule);
        return new PlanOptions(
                options.model(),
                Optional.of(scheme),
                workload,
                options.type(),
                Optional.of(this.options),
                options.seed(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                Optional.empty());
    }

    /** One micro-batch, unless said otherwise or pipelined: then what a plan takes by itself. */
    private OptionalInt microbatches(int batch) {
        return microbatches.isPresent() || scheme.pipeline() > 1 && batch % scheme.data() == 0
                ? microbatches
                : OptionalInt.of(1);
    }

    @Override
    public String toString() {
        return label;
    }
}
