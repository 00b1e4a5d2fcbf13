package io.shardlab.mesh;

/** The place of one rank on the mesh, counted from 0 along each axis. */
public record Coordinates(int data, int pipeline, int tensor) {

    public Coordinates {
        if (data < 0 || pipeline < 0 || tensor < 0) {
            throw new IllegalArgumentException(
                    "coordinates dp=" + data + ",pp=" + pipeline + ",tp=" + tensor + " must not be negative");
        }
    }

    public int along(Axis axis) {
        return switch (axis) {
            case DATA -> data;
            case PIPELINE -> pipeline;
            case TENSOR -> tensor;
        };
    }

    Coordinates with(Axis axis, int index) {
        return switch (axis) {
            case DATA -> new Coordinates(index, pipeline, tensor);
            case PIPELINE -> new Coordinates(data, index, tensor);
            case TENSOR -> new Coordinates(data, pipeline, index);
        };
    }
}
