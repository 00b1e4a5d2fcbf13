package io.shardlab.kernel;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;

/**
 * The values that magics have returned, and so have shown already, in the cell that runs now.
 *
 * <p>The kernel renders the last value of a cell, which for {@code %shard status} would draw the table twice. A value
 * counts as shown only within the cell whose magic returned it: named in a later cell it is drawn in full. Compares by
 * identity and keeps nothing alive.
 */
final class ShownValues {
    private record Shown(WeakReference<Object> value, CellOutput cell) {}

    private final List<Shown> shown = new ArrayList<>();

    synchronized void add(Object value, CellOutput cell) {
        shown.removeIf(entry -> entry.value().get() == null || !entry.cell().sameCell(cell));
        shown.add(new Shown(new WeakReference<>(value), cell));
    }

    /** True once per value and cell; where cells cannot be told apart, the first rendering counts as the same cell's. */
    synchronized boolean take(Object value, CellOutput cell) {
        return shown.removeIf(
                entry -> entry.value().get() == value && entry.cell().sameCell(cell));
    }
}
