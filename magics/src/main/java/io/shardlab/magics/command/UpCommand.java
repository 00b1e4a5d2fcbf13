package io.shardlab.magics.command;

import io.shardlab.mesh.Link;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code %shard up}. */
public record UpCommand(UpOptions options) implements Command {

    @Override
    public Object perform(Actions actions) {
        return actions.up(options);
    }

    /** Reads {@code cpu}, {@code gpu} or {@code 0,1}. */
    static final class Devices implements CommandLine.ITypeConverter<DeviceChoice> {
        @Override
        public DeviceChoice convert(String text) {
            return DeviceChoice.parse(text);
        }
    }

    @CommandLine.Command(
            name = "up",
            description =
                    "Starts worker JVMs and waits until they are ready. The same specification again changes nothing.",
            footer = {
                "",
                "Examples:",
                "  %%shard up -n 2",
                "  %%shard up -n 4 --memory 1g --threads 1",
                "  %%shard up -n 2 --link 1GB/s,50us --replace",
                "  %%shard up -n 2 --idle 30m",
                "  %%shard up -d 0,1 --replace"
            })
    static final class Flags extends Syntax {
        @Option(
                names = {"-n", "--workers"},
                paramLabel = "N",
                converter = Values.Count.class,
                description = "workers (default: the visible GPUs, else CPU workers as cores and memory allow)")
        @Nullable
        Integer workers;

        @Option(
                names = {"-d", "--devices"},
                paramLabel = "cpu|gpu|0,1",
                converter = Devices.class,
                description = "what workers compute on")
        DeviceChoice devices = DeviceChoice.ANY;

        @Option(
                names = "--memory",
                paramLabel = "SIZE",
                converter = Values.Size.class,
                description = "budget of each worker such as 1g, enforced")
        @Nullable
        Long memory;

        @Option(
                names = "--threads",
                paramLabel = "T",
                converter = Values.Count.class,
                description = "native threads of each worker (default: cores / workers)")
        @Nullable
        Integer threads;

        @Option(
                names = "--heap",
                paramLabel = "SIZE",
                converter = Values.Size.class,
                description = "Java heap of each worker such as 128m")
        @Nullable
        Long heap;

        @Option(names = "--debug", description = "open a debugger port per rank on the loopback address")
        boolean debug;

        @Option(names = "--replace", description = "stop workers that run under another specification")
        boolean replace;

        @Option(
                names = "--on",
                paramLabel = "WHERE",
                description = "where to start: local (default); others come later")
        String on = "local";

        @Option(
                names = "--link",
                paramLabel = "RATE,DELAY",
                converter = Values.Line.class,
                description = "simulated link between workers such as 10GB/s,20us or 100Mbit/s,1ms")
        @Nullable
        Link link;

        @Option(
                names = "--idle",
                paramLabel = "TIME",
                converter = Values.Time.class,
                description =
                        "stop the workers when nobody has used them so long, such as 30m (default: SHARDLAB_IDLE, else never)")
        @Nullable
        Duration idle;

        @Override
        Command read() {
            if (!on.equals("local")) {
                throw Values.later("--on " + on, "starting workers elsewhere than on this machine (--on local)");
            }
            return new UpCommand(new UpOptions(
                    Values.optional(workers),
                    devices,
                    Values.optional(memory),
                    Values.optional(threads),
                    Values.optional(heap),
                    Values.optional(link),
                    debug,
                    replace,
                    Values.optional(idle)));
        }
    }
}
