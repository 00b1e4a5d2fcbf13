package io.shardlab.magics.command;

import picocli.CommandLine;

/**
 * One understood line. To add a verb: one record that implements this type, its method in {@link Actions}, its line in
 * {@link Verbs}.
 */
public sealed interface Command
        permits UpCommand,
                PlanCommand,
                PlaceCommand,
                TrainCommand,
                SaveCommand,
                LoadCommand,
                InferCommand,
                CheckCommand,
                CompareCommand,
                ModelCommand,
                ScheduleCommand,
                StatusCommand,
                TopCommand,
                JobsCommand,
                WaitCommand,
                AttachCommand,
                InterruptCommand,
                TimelineCommand,
                MemCommand,
                TrafficCommand,
                LogsCommand,
                CellCommand,
                VarsCommand,
                PushCommand,
                PullCommand,
                GatherCommand,
                CompatCommand,
                DevicesCommand,
                ModelsCommand,
                DataCommand,
                DoctorCommand,
                ReportCommand,
                RestartCommand,
                DownCommand,
                HelpCommand {

    /** Does what the line says and returns its value. */
    Object perform(Actions actions);

    /** The flags of a verb as picocli fills them in. */
    abstract class Syntax {

        @CommandLine.Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "this text")
        boolean help;

        /** Whether it is the first line of a cell. */
        boolean takesBody() {
            return false;
        }

        /** The command that the flags say; throws {@link IllegalArgumentException} with one line. */
        abstract Command read();
    }
}
