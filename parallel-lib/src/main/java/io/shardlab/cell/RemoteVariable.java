package io.shardlab.cell;

import java.util.List;

/**
 * A variable as one rank has it.
 *
 * @param type as declared
 * @param shape of arrays and tensors; empty for everything else
 * @param elementType of arrays and tensors, empty for everything else
 * @param device that holds it: that of a tensor, {@code heap} for Java objects
 * @param numBytes of the elements; {@code -1} where unknown
 * @param text the start of its value
 */
public record RemoteVariable(
        String name, String type, List<Long> shape, String elementType, String device, long numBytes, String text) {

    public RemoteVariable {
        shape = List.copyOf(shape);
    }

    /** Where a variable lies on every rank: a static field. */
    public record Field(String name, String typeName, String holder) {}
}
