package io.shardlab.model;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * A user's block as class files, compiled once and sent to every worker.
 *
 * @param id a hash of the classes: the same source has the same id
 * @param classes name to class file in Base64
 */
public record BlockCode(String id, Map<String, String> classes) {

    /** The class whose static method {@link #METHOD} returns the block. */
    public static final String CLASS = "NotebookBlock";

    /** Takes nothing, returns an {@code ai.djl.nn.Block}. */
    public static final String METHOD = "build";

    public BlockCode {
        classes = Map.copyOf(classes);
        if (!classes.containsKey(CLASS)) {
            throw new IllegalArgumentException("a block's code needs a class " + CLASS);
        }
    }

    /** The code of class files as the compiler wrote them. */
    public static BlockCode of(Map<String, byte[]> files) {
        Map<String, String> classes = new TreeMap<>();
        files.forEach((name, bytes) -> classes.put(name, Base64.getEncoder().encodeToString(bytes)));
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            classes.forEach((name, text) -> digest.update((name + ":" + text + ";").getBytes(StandardCharsets.UTF_8)));
            return new BlockCode(HexFormat.of().formatHex(digest.digest(), 0, 8), classes);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }

    public byte[] bytes(String name) {
        return Base64.getDecoder().decode(classes.get(name));
    }
}
