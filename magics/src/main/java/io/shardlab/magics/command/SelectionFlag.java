package io.shardlab.magics.command;

import io.shardlab.mesh.Selection;
import picocli.CommandLine.Option;

/** {@code -t SEL}. */
final class SelectionFlag {

    static final String FORMS = "0 | 0,2 | 0-2 | ::2 | all | pp=1 | last-stage (default all)";

    @Option(
            names = {"-t", "--to"},
            paramLabel = "SEL",
            converter = Values.Ranks.class,
            description = "which ranks: " + FORMS)
    Selection selection = Selection.ALL;
}
