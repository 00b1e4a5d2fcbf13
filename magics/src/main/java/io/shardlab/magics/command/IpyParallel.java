package io.shardlab.magics.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The magics of ipyparallel 9. {@code %pxconfig} is remembered here. */
final class IpyParallel implements Dialect {

    private static final String NO_AUTOMATIC =
            "a Java kernel sends no cell anywhere by itself; write %%px or %%shard above the cells that workers run";

    private Optional<String> targets = Optional.empty();
    private boolean noblock;

    @Override
    public String tool() {
        return "ipyparallel";
    }

    @Override
    public List<String> names() {
        return List.of("load_ext", "px", "pxresult", "result", "pxconfig", "autopx");
    }

    @Override
    public Map<String, String> glossary() {
        Map<String, String> words = new LinkedHashMap<>();
        words.put("%px int x = rank;", "%%shard with the body int x = rank; (texts in double quotes need a %%px cell)");
        words.put("%%px --targets 0:2", "%%shard -t 0:2");
        words.put("%%px --local", "%%shard --local");
        words.put("%%px --noblock", "%%shard --noblock");
        words.put("%%px --group-outputs engine, -e", "%%shard --group");
        words.put("%%px -o NAME", "%%shard -o NAME, then lab.result(\"NAME\")");
        words.put("%pxresult", "the values of the last %px once more");
        words.put("%pxconfig --targets 0,1", "-t 0,1 for each %px and %%px from then on");
        words.put("%autopx", "no such thing: " + NO_AUTOMATIC);
        return words;
    }

    /** What {@code %pxconfig} and {@code %%px} both know. */
    private static class Execution {
        @Option(names = {"-b", "--block"})
        boolean block;

        @Option(names = {"-a", "--noblock"})
        boolean noblock;

        @Option(
                names = {"-t", "--targets"},
                paramLabel = "TARGETS")
        @Nullable
        String targets;

        @Option(names = "--no-stream")
        boolean noStream;

        // These change nothing: output always streams, and progress is always shown.
        @Option(names = {"--stream", "--verbose", "--no-verbose"})
        boolean asAlways;

        @Option(names = "--progress-after", paramLabel = "S")
        @Nullable
        String progressAfter;

        @Option(names = "--signal-on-interrupt", paramLabel = "SIGNAL")
        @Nullable
        String signal;

        void require(String magic) {
            if (signal != null) {
                throw new IllegalArgumentException(magic + ": --signal-on-interrupt " + Refusals.shortened(signal)
                        + " is not to be chosen here: an interrupt asks ranks to stop, a second one kills them");
            }
            if (block && noblock) {
                throw new IllegalArgumentException(magic + ": --block and --noblock exclude each other");
            }
        }
    }

    private static final class Px extends Execution {
        @Option(names = "-e")
        boolean byEngine;

        @Option(names = "-r")
        boolean inOrder;

        @Option(names = "--group-outputs", paramLabel = "HOW")
        String grouping = "type";

        @Option(
                names = {"-o", "--out"},
                paramLabel = "NAME")
        @Nullable
        String name;

        @Option(names = "--local")
        boolean local;
    }

    private static final class Result {
        @Option(names = {"-e", "-r"})
        boolean collated;

        @Option(names = "--group-outputs", paramLabel = "HOW")
        String grouping = "type";

        @Option(
                names = {"-o", "--out"},
                paramLabel = "NAME")
        @Nullable
        String name;
    }

    @Override
    public Translation line(String name, List<String> words) {
        return switch (name) {
            case "load_ext" -> Dialect.loaded(words);
            case "px" -> {
                if (words.isEmpty()) {
                    throw new IllegalArgumentException("px needs Java behind it: `%px int x = rank;`");
                }
                yield new Translation.Cell(cellWords(new Px()), Optional.of(String.join(" ", words)));
            }
            case "pxresult", "result" -> {
                Result flags = Dialect.read(name, new Result(), words);
                Values.choice("--group-outputs", flags.grouping, List.of("type", "engine", "order"));
                yield new Translation.Recall(Optional.ofNullable(flags.name));
            }
            case "pxconfig" -> configured(words);
            default -> throw new IllegalArgumentException(name + ": " + NO_AUTOMATIC);
        };
    }

    @Override
    public Translation cell(String name, List<String> words) {
        if (!name.equals("px")) {
            throw new IllegalArgumentException(name + " is a line, not a cell: `%" + name + "`");
        }
        return new Translation.Cell(cellWords(Dialect.read("px", new Px(), words)), Optional.empty());
    }

    private List<String> cellWords(Px flags) {
        flags.require("px");
        Values.choice("--group-outputs", flags.grouping, List.of("type", "engine", "order"));
        List<String> line = new ArrayList<>();
        Optional<String> where = flags.targets == null ? targets : Optional.of(Dialect.selection("px", flags.targets));
        where.ifPresent(ranks -> line.addAll(List.of("-t", ranks)));
        if (flags.byEngine || flags.noStream || flags.grouping.equals("engine")) {
            line.add("--group");
        }
        if (flags.noblock || noblock && !flags.block) {
            line.add("--noblock");
        }
        if (flags.local) {
            line.add("--local");
        }
        if (flags.name != null) {
            line.addAll(List.of("-o", flags.name));
        }
        return line;
    }

    private Translation configured(List<String> words) {
        Execution flags = Dialect.read("pxconfig", new Execution(), words);
        flags.require("pxconfig");
        if (flags.targets != null) {
            targets = Optional.of(Dialect.selection("pxconfig", flags.targets));
        }
        noblock = flags.noblock || noblock && !flags.block;
        return new Translation.Said("each %px and %%px is `%%shard"
                + targets.map(ranks -> " -t " + ranks).orElse("") + (noblock ? " --noblock" : "") + "` from here on");
    }
}
