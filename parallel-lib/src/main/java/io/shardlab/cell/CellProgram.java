package io.shardlab.cell;

import java.util.List;

/**
 * A compiled cell: what a rank loads and calls.
 *
 * @param classes new since the last program, to be known before the first step
 * @param steps one per statement that does something, in order
 */
public record CellProgram(List<CompiledClass> classes, List<Step> steps) {

    public CellProgram {
        classes = List.copyOf(classes);
        steps = List.copyOf(steps);
    }

    /** The same without the classes, for ranks that have them. */
    public CellProgram withoutClasses() {
        return new CellProgram(List.of(), steps);
    }

    /** A class file; {@code name} is the binary name. */
    public record CompiledClass(String name, byte[] bytes) {}

    /**
     * A static method without parameters.
     *
     * @param declares the variable that the step gives its value, empty if none
     * @param temporary the field that keeps the value of an expression, empty if none; cleared once the value is shown
     * @param echo whether the returned value is what the cell shows
     */
    public record Step(String type, String method, String declares, String temporary, boolean echo) {}
}
