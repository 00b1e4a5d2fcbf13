package io.shardlab.cell;

import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What can be said about a Java array from its first rows. */
final class JavaArrays {

    private JavaArrays() {}

    static Class<?> element(Class<?> type) {
        return type.isArray() ? element(type.getComponentType()) : type;
    }

    /** Lengths outermost first; inner ones are those of the first row. */
    static List<Long> shape(Object array) {
        List<Long> shape = new ArrayList<>();
        @Nullable Object inner = array;
        while (inner != null && inner.getClass().isArray()) {
            int length = Array.getLength(inner);
            shape.add((long) length);
            inner = length == 0 ? null : Array.get(inner, 0);
        }
        return shape;
    }

    /** Bytes of primitive elements, all rows counted; {@code -1} for arrays of objects. */
    static long numBytes(Object array) {
        int width = width(element(array.getClass()));
        return width == 0 ? -1 : elements(array) * width;
    }

    private static long elements(Object array) {
        int length = Array.getLength(array);
        if (!array.getClass().getComponentType().isArray()) {
            return length;
        }
        long total = 0;
        for (int i = 0; i < length; i++) {
            Object row = Array.get(array, i);
            total += row == null ? 0 : elements(row);
        }
        return total;
    }

    /** Bytes of a primitive type, 0 for others. */
    static int width(Class<?> type) {
        if (type == boolean.class || type == byte.class) {
            return 1;
        }
        if (type == short.class || type == char.class) {
            return 2;
        }
        if (type == int.class || type == float.class) {
            return 4;
        }
        return type == long.class || type == double.class ? 8 : 0;
    }
}
