package io.shardlab.mesh;

/** One dimension of the mesh; the short name is what users type ({@code tp=2}). */
public enum Axis {
    DATA("dp"),
    PIPELINE("pp"),
    TENSOR("tp");

    private final String shortName;

    Axis(String shortName) {
        this.shortName = shortName;
    }

    public String shortName() {
        return shortName;
    }
}
