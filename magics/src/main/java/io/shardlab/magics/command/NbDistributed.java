package io.shardlab.magics.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The magics of nbdistributed 0.1.
 *
 * <p>Its {@code %%rank[0,1]} has the ranks in the magic's name, and a kernel knows names only: the lists and ranges of the first
 * {@value #NAMED_RANKS} ranks are names of their own, others take a blank: {@code %%rank [0,9]}.
 */
final class NbDistributed implements Dialect {

    private static final int NAMED_RANKS = 8;
    private static final String NO_AUTOMATIC = "a Java kernel sends no cell anywhere by itself; write %%distributed or "
            + "%%shard above the cells that workers run";

    @Override
    public String tool() {
        return "nbdistributed";
    }

    @Override
    public List<String> names() {
        List<String> names = new ArrayList<>(List.of(
                "load_ext",
                "dist_init",
                "dist_status",
                "dist_shutdown",
                "dist_reset",
                "dist_debug",
                "dist_mode",
                "dist_sync_ide",
                "sync",
                "distributed",
                "distributed_auto",
                "rank",
                "timeline_save",
                "timeline_debug",
                "timeline_clear"));
        rankLists().forEach(list -> names.add("rank[" + list + "]"));
        return names;
    }

    /** {@code 0}, {@code 0,1} … in ascending order, and {@code 0-2} …. */
    private static List<String> rankLists() {
        List<String> lists = new ArrayList<>();
        for (int set = 1; set < 1 << NAMED_RANKS; set++) {
            int ranks = set;
            lists.add(IntStream.range(0, NAMED_RANKS)
                    .filter(rank -> (ranks >> rank & 1) == 1)
                    .mapToObj(Integer::toString)
                    .collect(Collectors.joining(",")));
        }
        for (int first = 0; first < NAMED_RANKS; first++) {
            for (int last = first + 1; last < NAMED_RANKS; last++) {
                lists.add(first + "-" + last);
            }
        }
        return lists;
    }

    @Override
    public Map<String, String> glossary() {
        Map<String, String> words = new LinkedHashMap<>();
        words.put("%dist_init -n 4", "%shard up -n 4");
        words.put("%dist_init -n 2 -g 0,1", "%shard up -n 2 -d 0,1");
        words.put("%%distributed", "%%shard");
        words.put("%%rank[0,1]", "%%shard -t 0,1");
        words.put("%sync", "%%shard with the body comm.barrier();");
        words.put("%dist_status", "%shard status");
        words.put("%dist_debug", "%shard doctor");
        words.put("%dist_shutdown", "%shard down");
        words.put("%dist_reset", "%shard down --now");
        words.put("%dist_sync_ide", "no such thing; %shard vars lists variables, %shard pull NAME fetches one");
        words.put("%dist_mode", "no such thing: " + NO_AUTOMATIC);
        words.put("%timeline_save, _debug, _clear", "no such thing; %shard timeline --save FILE writes what ranks did");
        return words;
    }

    private static final class Init {
        @Option(
                names = {"-n", "--num-processes"},
                converter = Values.Count.class,
                paramLabel = "N")
        int processes = 2;

        @Option(
                names = {"-g", "--gpu-ids"},
                paramLabel = "IDS")
        @Nullable
        String gpus;

        @Option(
                names = {"-a", "--master-addr"},
                paramLabel = "HOST")
        String address = "localhost";
    }

    private static final class Reset {
        @Option(names = {"-n", "--nuclear"})
        boolean nuclear;
    }

    @Override
    public Translation line(String name, List<String> words) {
        return switch (name) {
            case "load_ext" -> Dialect.loaded(words);
            case "dist_init" -> init(words);
            case "dist_status" -> plain(name, words, "status");
            case "dist_debug" -> plain(name, words, "doctor");
            case "dist_shutdown" -> plain(name, words, "down");
            case "dist_reset" -> {
                Dialect.read(name, new Reset(), words);
                yield new Translation.Line(List.of("down", "--now"));
            }
            case "sync" -> {
                requireNone(name, words);
                yield new Translation.Cell(List.of(), Optional.of("comm.barrier();"));
            }
            case "dist_mode" -> throw new IllegalArgumentException("dist_mode: " + NO_AUTOMATIC);
            case "dist_sync_ide" -> throw new IllegalArgumentException(
                    "dist_sync_ide: names of workers are not copied into the notebook; "
                            + "`%shard vars` lists them, `%shard pull NAME` fetches one");
            case "timeline_save", "timeline_debug", "timeline_clear" -> throw new IllegalArgumentException(
                    name + ": times of cells are not kept in the notebook's file; "
                            + "`%shard timeline --save FILE` writes what each rank did in a step");
            default -> throw new IllegalArgumentException(
                    base(name) + " is the first line of a cell: `%%" + name + "`, with Java below it");
        };
    }

    @Override
    public Translation cell(String name, List<String> words) {
        return switch (base(name)) {
            case "distributed" -> {
                requireNone(name, words);
                yield new Translation.Cell(List.of(), Optional.empty());
            }
            case "rank" -> {
                String ranks = name.substring("rank".length()) + String.join("", words);
                if (!ranks.startsWith("[") || !ranks.endsWith("]")) {
                    throw new IllegalArgumentException(
                            "rank needs ranks in brackets: `%%rank[0,1]` or `%%rank [0-2]`, not '" + ranks + "'");
                }
                yield new Translation.Cell(Dialect.with("-t", Dialect.selection("rank", ranks)), Optional.empty());
            }
            case "distributed_auto" -> throw new IllegalArgumentException("distributed_auto: " + NO_AUTOMATIC);
            default -> throw new IllegalArgumentException(name + " is a line, not a cell: `%" + name + "`");
        };
    }

    private static String base(String name) {
        return name.startsWith("rank[") ? "rank" : name;
    }

    private static Translation init(List<String> words) {
        Init flags = Dialect.read("dist_init", new Init(), words);
        if (!List.of("localhost", "127.0.0.1").contains(flags.address)) {
            throw new IllegalArgumentException("dist_init: --master-addr " + Refusals.shortened(flags.address)
                    + " is another machine; workers run on this one, `%shard up -n " + flags.processes + "`");
        }
        List<String> line = new ArrayList<>(List.of("up", "-n", Integer.toString(flags.processes)));
        if (flags.gpus != null) {
            line.addAll(List.of("-d", flags.gpus));
        }
        return new Translation.Line(line);
    }

    private static Translation plain(String name, List<String> words, String verb) {
        requireNone(name, words);
        return new Translation.Line(List.of(verb));
    }

    private static void requireNone(String name, List<String> words) {
        if (!words.isEmpty()) {
            throw new IllegalArgumentException(
                    name + ": unexpected word '" + Refusals.shortened(words.get(0)) + "'; it takes none");
        }
    }
}
