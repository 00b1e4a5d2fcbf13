package io.shardlab.plan;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.shardlab.mesh.Axis;
import io.shardlab.mesh.Mesh;
import java.util.ArrayList;
import java.util.List;

/** What a user selects: the degree of parallelism along each axis, written {@code single}, {@code tp=2}, {@code tp=2,pp=2}. */
public record Scheme(int data, int pipeline, int tensor) {

    public static final Scheme SINGLE = new Scheme(1, 1, 1);

    public Scheme {
        check(Axis.DATA, data);
        check(Axis.PIPELINE, pipeline);
        check(Axis.TENSOR, tensor);
    }

    private static void check(Axis axis, int degree) {
        if (degree < 1) {
            throw new IllegalArgumentException(axis.shortName() + "=" + degree + " must be at least 1");
        }
    }

    /** Tensor parallelism of the given degree. */
    public static Scheme tp(int degree) {
        return new Scheme(1, 1, degree);
    }

    /** Pipeline parallelism of the given degree. */
    public static Scheme pp(int degree) {
        return new Scheme(1, degree, 1);
    }

    /** Data parallelism of the given degree. */
    public static Scheme dp(int degree) {
        return new Scheme(degree, 1, 1);
    }

    public Scheme withDp(int degree) {
        return new Scheme(degree, pipeline, tensor);
    }

    public Scheme withTp(int degree) {
        return new Scheme(data, pipeline, degree);
    }

    public Scheme withPp(int degree) {
        return new Scheme(data, degree, tensor);
    }

    public Mesh mesh() {
        return new Mesh(data, pipeline, tensor);
    }

    public int numRanks() {
        return mesh().size();
    }

    /** Reads what {@link #toString()} writes; the order of the axes does not matter. */
    @JsonCreator
    public static Scheme parse(String text) {
        Scheme scheme = SINGLE;
        if (text.equals("single")) {
            return scheme;
        }
        for (String part : text.split(",", -1)) {
            String[] sides = part.strip().split("=", -1);
            if (sides.length != 2 || !sides[1].matches("\\d{1,4}")) {
                throw new IllegalArgumentException("scheme '" + text + "': '" + part + "' is not of the form tp=2");
            }
            int degree = Integer.parseInt(sides[1]);
            scheme = switch (sides[0]) {
                case "dp" -> new Scheme(degree, scheme.pipeline, scheme.tensor);
                case "pp" -> new Scheme(scheme.data, degree, scheme.tensor);
                case "tp" -> new Scheme(scheme.data, scheme.pipeline, degree);
                default -> throw new IllegalArgumentException(
                        "scheme '" + text + "': axis '" + sides[0] + "' is not one of tp, pp, dp");
            };
        }
        return scheme;
    }

    @JsonValue
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        if (data > 1) {
            parts.add("dp=" + data);
        }
        if (tensor > 1) {
            parts.add("tp=" + tensor);
        }
        if (pipeline > 1) {
            parts.add("pp=" + pipeline);
        }
        return parts.isEmpty() ? "single" : String.join(",", parts);
    }
}
