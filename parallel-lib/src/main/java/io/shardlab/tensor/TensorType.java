package io.shardlab.tensor;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** The element types shardlab computes with. */
public enum TensorType {
    FLOAT32(4),
    FLOAT64(8);

    private final int bytes;

    TensorType(int bytes) {
        this.bytes = bytes;
    }

    public int bytes() {
        return bytes;
    }

    /** Reads {@code float32} or {@code float64}. */
    @JsonCreator
    public static TensorType parse(String text) {
        for (TensorType type : values()) {
            if (type.toString().equals(text)) {
                return type;
            }
        }
        throw new IllegalArgumentException("dtype '" + text + "' is not one of float32, float64");
    }

    @JsonValue
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
