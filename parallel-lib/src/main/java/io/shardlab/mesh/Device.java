package io.shardlab.mesh;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What a rank computes on: {@code gpu:K}, or {@code cpu:K}, a share of the host's cores. */
public record Device(Kind kind, int index) {

    /** The sort of device. */
    public enum Kind {
        CPU,
        GPU
    }

    public Device {
        if (index < 0) {
            throw new IllegalArgumentException("device index " + index + " must not be negative");
        }
    }

    public static Device cpu(int index) {
        return new Device(Kind.CPU, index);
    }

    public static Device gpu(int index) {
        return new Device(Kind.GPU, index);
    }

    /** Reads {@code cpu:0} or {@code gpu:1}. */
    @JsonCreator
    public static Device parse(String text) {
        String[] parts = text.split(":", -1);
        if (parts.length == 2 && parts[1].matches("\\d{1,6}")) {
            for (Kind kind : Kind.values()) {
                if (kind.name().toLowerCase(Locale.ROOT).equals(parts[0])) {
                    return new Device(kind, Integer.parseInt(parts[1]));
                }
            }
        }
        throw new IllegalArgumentException("device '" + text + "' is not of the form cpu:K or gpu:K");
    }

    @JsonValue
    @Override
    public String toString() {
        return kind.name().toLowerCase(Locale.ROOT) + ":" + index;
    }
}
