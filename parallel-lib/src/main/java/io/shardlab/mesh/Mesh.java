package io.shardlab.mesh;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Ranks arranged on the axes data × pipeline × tensor; the tensor coordinate varies fastest, because its ranks talk
 * most and should be neighbours.
 */
@JsonIgnoreProperties(value = "size", allowGetters = true)
public record Mesh(int data, int pipeline, int tensor) {

    public static final Mesh SINGLE = new Mesh(1, 1, 1);

    public Mesh {
        if (data < 1 || pipeline < 1 || tensor < 1) {
            throw new IllegalArgumentException(
                    "mesh degrees dp=" + data + ",pp=" + pipeline + ",tp=" + tensor + " must be at least 1");
        }
    }

    public int size() {
        return Math.multiplyExact(Math.multiplyExact(data, pipeline), tensor);
    }

    public int degree(Axis axis) {
        return switch (axis) {
            case DATA -> data;
            case PIPELINE -> pipeline;
            case TENSOR -> tensor;
        };
    }

    public int rank(Coordinates at) {
        for (Axis axis : Axis.values()) {
            if (at.along(axis) >= degree(axis)) {
                throw new IllegalArgumentException(at + " lies outside " + this);
            }
        }
        return (at.data() * pipeline + at.pipeline()) * tensor + at.tensor();
    }

    public Coordinates coordinates(int rank) {
        if (rank < 0 || rank >= size()) {
            throw new IllegalArgumentException("rank " + rank + " is not on a mesh of " + size() + " ranks");
        }
        return new Coordinates(rank / (pipeline * tensor), rank / tensor % pipeline, rank % tensor);
    }

    /** The group along {@code axis} that holds {@code rank}. */
    public Group group(Axis axis, int rank) {
        Coordinates at = coordinates(rank);
        List<Integer> ranks = IntStream.range(0, degree(axis))
                .mapToObj(index -> rank(at.with(axis, index)))
                .toList();
        StringBuilder name = new StringBuilder(axis.shortName()).append('@');
        String separator = "";
        for (Axis other : Axis.values()) {
            if (other != axis) {
                name.append(separator).append(other.shortName()).append('=').append(at.along(other));
                separator = ",";
            }
        }
        return new Group(name.toString(), ranks);
    }

    /** What people call the rank: its coordinates on the axes of degree above one, {@code single} where there are none. */
    public String role(int rank) {
        Coordinates at = coordinates(rank);
        List<String> parts = new ArrayList<>();
        for (Axis axis : Axis.values()) {
            if (degree(axis) > 1) {
                parts.add(axis.shortName() + "=" + at.along(axis));
            }
        }
        return parts.isEmpty() ? "single" : String.join(",", parts);
    }
}
