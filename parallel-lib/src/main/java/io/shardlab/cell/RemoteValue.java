package io.shardlab.cell;

import java.io.ByteArrayOutputStream;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A value on its way between a notebook and a rank: a number, a character, a truth value, a text, or a rectangular array of
 * these.
 *
 * <p>Numbers travel as their bytes, so that every bit arrives. Nothing here can name a class to load.
 *
 * @param element a primitive type or {@code String}
 * @param shape of an array, outermost dimension first; empty for a single value
 * @param bytes elements in row-major order, little-endian; texts in UTF-8, each behind its length as an {@code int}
 */
public record RemoteValue(String element, List<Integer> shape, byte[] bytes) {

    /** The most bytes of one value; larger ones belong into files or stay where they are. */
    public static final int MOST_BYTES = 8 << 20;

    private static final List<Class<?>> ELEMENTS = List.of(
            byte.class,
            short.class,
            char.class,
            int.class,
            long.class,
            float.class,
            double.class,
            boolean.class,
            String.class);

    public RemoteValue {
        shape = List.copyOf(shape);
        if (ELEMENTS.stream().noneMatch(type -> type.getSimpleName().equals(element))) {
            throw new IllegalArgumentException("element type '" + element + "' is not one of " + allowed());
        }
        requireFits(bytes.length);
    }

    private static String allowed() {
        return ELEMENTS.stream().map(Class::getSimpleName).collect(Collectors.joining(", "));
    }

    private static void requireFits(long numBytes) {
        if (numBytes > MOST_BYTES) {
            throw new IllegalArgumentException(
                    "a value of " + numBytes + " bytes is over the limit of " + (MOST_BYTES >> 20) + " MiB for values");
        }
    }

    /**
     * Takes a value apart.
     *
     * @throws IllegalArgumentException if it is of another type, ragged or too large
     */
    public static RemoteValue of(Object value) {
        Class<?> element = unboxed(value.getClass());
        List<Integer> shape = new ArrayList<>();
        Object inner = value;
        while (element.isArray()) {
            int length = inner == null ? 0 : Array.getLength(inner);
            shape.add(length);
            element = element.getComponentType();
            inner = length == 0 ? null : Array.get(inner, 0);
        }
        if (!ELEMENTS.contains(element)) {
            throw new IllegalArgumentException(
                    "a value of type " + value.getClass().getSimpleName() + " cannot be sent; allowed: " + allowed()
                            + " and arrays of these");
        }
        long count = shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        if (element == String.class) {
            return new RemoteValue("String", shape, texts(value, shape));
        }
        int width = width(element.getSimpleName());
        requireFits(Math.multiplyExact(count, width));
        ByteBuffer bytes = ByteBuffer.allocate((int) (count * width)).order(ByteOrder.LITTLE_ENDIAN);
        walk(value, shape, 0, number -> put(bytes, number));
        return new RemoteValue(element.getSimpleName(), shape, bytes.array());
    }

    /** A dense array whose bytes are already in place. */
    static RemoteValue dense(String element, List<Long> shape, byte[] littleEndian) {
        return new RemoteValue(element, shape.stream().map(Math::toIntExact).toList(), littleEndian);
    }

    private static Class<?> unboxed(Class<?> type) {
        return MethodType.methodType(type).unwrap().returnType();
    }

    private static int width(String element) {
        return switch (element) {
            case "boolean", "byte" -> 1;
            case "short", "char" -> 2;
            case "int", "float" -> 4;
            default -> 8;
        };
    }

    private interface Taker {
        void take(Object element);
    }

    private static void walk(Object value, List<Integer> shape, int depth, Taker taker) {
        if (depth == shape.size()) {
            taker.take(value);
            return;
        }
        if (value == null || Array.getLength(value) != shape.get(depth)) {
            throw new IllegalArgumentException("an array with rows of different lengths cannot be sent");
        }
        for (int i = 0; i < shape.get(depth); i++) {
            walk(Array.get(value, i), shape, depth + 1, taker);
        }
    }

    private static void put(ByteBuffer bytes, Object number) {
        if (number instanceof Integer i) {
            bytes.putInt(i);
        } else if (number instanceof Long l) {
            bytes.putLong(l);
        } else if (number instanceof Float f) {
            bytes.putFloat(f);
        } else if (number instanceof Double d) {
            bytes.putDouble(d);
        } else if (number instanceof Short s) {
            bytes.putShort(s);
        } else if (number instanceof Character c) {
            bytes.putChar(c);
        } else if (number instanceof Byte b) {
            bytes.put(b);
        } else {
            bytes.put((byte) (Boolean.TRUE.equals(number) ? 1 : 0));
        }
    }

    private static byte[] texts(Object value, List<Integer> shape) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        walk(value, shape, 0, text -> {
            if (text == null) {
                throw new IllegalArgumentException("an array of texts with a null in it cannot be sent");
            }
            byte[] encoded = text.toString().getBytes(StandardCharsets.UTF_8);
            requireFits((long) bytes.size() + encoded.length + Integer.BYTES);
            bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(encoded.length)
                    .array());
            bytes.writeBytes(encoded);
        });
        return bytes.toByteArray();
    }

    /** The Java type of {@link #value}: {@code double}, {@code double[][]} … */
    public String javaType() {
        return element + "[]".repeat(shape.size());
    }

    /** The value put together again; numbers boxed, arrays nested by shape. */
    public Object value() {
        ByteBuffer source = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return build(source, 0);
    }

    private Object build(ByteBuffer source, int depth) {
        if (depth == shape.size()) {
            return next(source);
        }
        int[] dimensions = new int[shape.size() - depth];
        Arrays.setAll(dimensions, i -> shape.get(depth + i));
        Class<?> type = ELEMENTS.stream()
                .filter(candidate -> candidate.getSimpleName().equals(element))
                .findFirst()
                .orElseThrow();
        Object array = Array.newInstance(type, dimensions);
        for (int i = 0; i < shape.get(depth); i++) {
            Array.set(array, i, build(source, depth + 1));
        }
        return array;
    }

    private Object next(ByteBuffer source) {
        return switch (element) {
            case "byte" -> source.get();
            case "short" -> source.getShort();
            case "char" -> source.getChar();
            case "int" -> source.getInt();
            case "long" -> source.getLong();
            case "float" -> source.getFloat();
            case "double" -> source.getDouble();
            case "boolean" -> source.get() != 0;
            default -> {
                byte[] text = new byte[source.getInt()];
                source.get(text);
                yield new String(text, StandardCharsets.UTF_8);
            }
        };
    }

    /** A part of the value for a table. */
    public String text() {
        return ValueText.of(value());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RemoteValue that
                && that.element.equals(element)
                && that.shape.equals(shape)
                && Arrays.equals(that.bytes, bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }
}
