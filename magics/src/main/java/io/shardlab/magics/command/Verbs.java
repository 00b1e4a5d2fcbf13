package io.shardlab.magics.command;

import java.util.List;

/** The verbs of {@code %shard}. */
public final class Verbs {
    private static final List<String> NAMES = List.of("help", "up", "status", "doctor", "devices", "down");

    private Verbs() {}

    public static List<String> names() {
        return NAMES;
    }
}
