package io.shardlab.cell;

import java.lang.reflect.Array;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Values as text: arrays with their elements, and never more than a screen can hold. */
public final class ValueText {

    static final int MOST_CHARS = 8000;
    private static final int MOST_ELEMENTS = 1000;

    private ValueText() {}

    public static String of(@Nullable Object value) {
        if (value == null) {
            return "null";
        }
        if (!value.getClass().isArray()) {
            return cut(String.valueOf(value));
        }
        Object[] holder = {start(value)};
        String text = Arrays.deepToString(holder);
        return cut(text.substring(1, text.length() - 1));
    }

    /** The array, or its first elements where there are very many; inner arrays are left as they are. */
    private static Object start(Object array) {
        int length = Array.getLength(array);
        if (length <= MOST_ELEMENTS) {
            return array;
        }
        Object start = Array.newInstance(array.getClass().getComponentType(), MOST_ELEMENTS);
        System.arraycopy(array, 0, start, 0, MOST_ELEMENTS);
        return start;
    }

    static String cut(String text) {
        return text.length() <= MOST_CHARS
                ? text
                : text.substring(0, MOST_CHARS) + "… (" + (text.length() - MOST_CHARS) + " more characters)";
    }
}
