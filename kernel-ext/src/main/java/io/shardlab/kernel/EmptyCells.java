package io.shardlab.kernel;

import java.lang.reflect.Field;
import java.util.regex.Pattern;

/**
 * Lets a cell that is nothing but its magic reach that magic, with an empty body.
 *
 * <p>The kernel takes {@code %%shard} for a magic only where something stands below it; alone it goes to the kernel's compiler,
 * which says {@code REJECTED}. What a cell magic looks like is one pattern in a private field of JJava 1.0a8. Where that is gone
 * or says something else, the kernel stays as it is.
 */
final class EmptyCells {

    private static final String BODY = "\\R(?<body>(?sU).+?)$";
    private static final String MAYBE_BODY = "(?:\\R|\\z)(?<body>(?sU).*?)$";

    private EmptyCells() {}

    /** Answers whether the kernel has the pattern that it is known to have. */
    static boolean reach(Object kernel) {
        try {
            Object resolver = kernel.getClass().getMethod("getMagicsResolver").invoke(kernel);
            Field field = resolver.getClass().getDeclaredField("cellMagicPattern");
            field.setAccessible(true);
            String known = ((Pattern) field.get(resolver)).pattern();
            if (!known.endsWith(BODY)) {
                return false;
            }
            field.set(resolver, Pattern.compile(known.substring(0, known.length() - BODY.length()) + MAYBE_BODY));
            return true;
        } catch (ReflectiveOperationException | RuntimeException otherKernel) {
            return false;
        }
    }
}
