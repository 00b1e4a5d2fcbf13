package io.shardlab.kernel;

import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * What the cell does with the value of the magic that runs now.
 *
 * <p>JShell compiles each snippet into a class of its own. A bare expression such as {@code %shard status} is kept in a
 * field {@code $1}, {@code $2} …, which nobody named, and is then drawn by the kernel; {@code Table t = %shard status}
 * has a field {@code t}. Where that picture does not hold, the value counts as wanted.
 */
final class SnippetFrame {
    private static final Pattern SNIPPET_CLASS = Pattern.compile("REPL\\.\\$JShell\\$.*");
    private static final Pattern UNNAMED_FIELD = Pattern.compile("\\$\\d+");

    private SnippetFrame() {}

    /** True when the calling snippet is a bare magic, whose value can only be drawn. */
    static boolean leavesValueUnnamed() {
        return StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
                .walk(frames -> frames.map(StackWalker.StackFrame::getDeclaringClass)
                        .filter(type -> SNIPPET_CLASS.matcher(type.getName()).matches())
                        .findFirst())
                .filter(snippet -> Arrays.stream(snippet.getDeclaredFields())
                        .anyMatch(
                                field -> UNNAMED_FIELD.matcher(field.getName()).matches()))
                .isPresent();
    }
}
