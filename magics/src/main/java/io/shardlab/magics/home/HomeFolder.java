package io.shardlab.magics.home;

import java.nio.file.Path;
import java.util.Map;

/** Where all files lie that are not the user's own. */
public final class HomeFolder {

    private HomeFolder() {}

    /** {@code SHARDLAB_HOME}, by default a folder in the user's home. */
    public static Path of(Map<String, String> environment) {
        String configured = environment.getOrDefault("SHARDLAB_HOME", "");
        return configured.isBlank() ? Path.of(System.getProperty("user.home", "."), ".shardlab") : Path.of(configured);
    }
}
