package io.shardlab.magics.session;

import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.backend.RankList;
import io.shardlab.magics.screen.CellView;
import io.shardlab.magics.table.CellGrids;
import io.shardlab.magics.view.Column;
import io.shardlab.magics.view.Grid;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;

/** A variable of several ranks as one array, in rank order. */
public final class Gathered {

    private final String name;
    private final List<Cells.PulledRow> parts;
    private final int dimension;
    private final Object value;

    private Gathered(String name, List<Cells.PulledRow> parts, int dimension, Object value) {
        this.name = name;
        this.parts = List.copyOf(parts);
        this.dimension = dimension;
        this.value = value;
    }

    /**
     * Puts parts one behind the other.
     *
     * @throws IllegalArgumentException if they do not fit together
     */
    static Gathered of(String name, List<Cells.PulledRow> parts, int dimension) {
        Cells.PulledRow first = parts.get(0);
        int depth = first.shape().size();
        if (dimension >= Math.max(1, depth)) {
            throw new IllegalArgumentException("gather: --dim " + dimension + " is no dimension of " + name
                    + " with shape " + Cells.shape(first.shape()) + "; allowed: 0"
                    + (depth > 1 ? " to " + (depth - 1) : ""));
        }
        for (Cells.PulledRow part : parts) {
            if (!part.type().equals(first.type()) || !joinable(part.shape(), first.shape(), dimension)) {
                throw new IllegalArgumentException("gather: " + name + " is " + described(first) + " on rank "
                        + first.rank() + " and " + described(part) + " on rank " + part.rank()
                        + "; the parts may differ in dimension " + dimension + " only");
            }
        }
        List<Object> values = parts.stream().map(Cells.PulledRow::value).toList();
        return new Gathered(name, parts, dimension, depth == 0 ? stacked(values) : joined(values, dimension));
    }

    private static boolean joinable(List<Integer> one, List<Integer> other, int dimension) {
        if (one.size() != other.size()) {
            return false;
        }
        for (int axis = 0; axis < one.size(); axis++) {
            if (axis != dimension && !one.get(axis).equals(other.get(axis))) {
                return false;
            }
        }
        return true;
    }

    private static String described(Cells.PulledRow part) {
        return part.type() + (part.shape().isEmpty() ? "" : " of " + Cells.shape(part.shape()));
    }

    /** Single values become elements. */
    private static Object stacked(List<Object> values) {
        Class<?> boxed = values.get(0).getClass();
        Class<?> element = MethodType.methodType(boxed).unwrap().returnType();
        Object array = Array.newInstance(element, values.size());
        for (int i = 0; i < values.size(); i++) {
            Array.set(array, i, values.get(i));
        }
        return array;
    }

    private static Object joined(List<Object> arrays, int dimension) {
        Class<?> component = arrays.get(0).getClass().getComponentType();
        if (dimension > 0) {
            int length = Array.getLength(arrays.get(0));
            Object result = Array.newInstance(component, length);
            for (int i = 0; i < length; i++) {
                int row = i;
                Array.set(
                        result,
                        i,
                        joined(
                                arrays.stream()
                                        .map(array -> Array.get(array, row))
                                        .toList(),
                                dimension - 1));
            }
            return result;
        }
        Object result = Array.newInstance(
                component, arrays.stream().mapToInt(Array::getLength).sum());
        int at = 0;
        for (Object array : arrays) {
            int length = Array.getLength(array);
            System.arraycopy(array, 0, result, at, length);
            at += length;
        }
        return result;
    }

    public String name() {
        return name;
    }

    /** A Java array: of the tensor's shape, or of one element per rank. */
    public Object value() {
        return value;
    }

    /** Its lengths, outermost first. */
    public List<Integer> shape() {
        List<Integer> first = parts.get(0).shape();
        if (first.isEmpty()) {
            return List.of(parts.size());
        }
        List<Integer> shape = new ArrayList<>(first);
        shape.set(
                dimension,
                parts.stream().mapToInt(part -> part.shape().get(dimension)).sum());
        return shape;
    }

    /** One row: what was joined from where. */
    public Table table() {
        return grid().table();
    }

    Grid<Gathered> grid() {
        List<Integer> ranks = parts.stream().map(Cells.PulledRow::rank).toList();
        boolean single = parts.get(0).shape().isEmpty();
        return new Grid<>(
                name + " of " + RankList.text(ranks) + (single ? "" : ", joined along dimension " + dimension),
                List.of(
                        Column.text("type", "type", row -> parts.get(0).type() + (single ? "[]" : "")),
                        Column.text("shape", "shape", row -> Cells.shape(row.shape())),
                        Column.text("value", "value", row -> CellGrids.shortened(CellView.text(row.value)))),
                List.of(this));
    }

    @Override
    public String toString() {
        return name + " of " + parts.size() + " ranks, " + Cells.shape(shape());
    }
}
