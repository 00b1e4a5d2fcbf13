package io.shardlab.kernel;

import io.shardlab.cell.CompiledCell.SourceError;
import io.shardlab.cell.RejectedSnippet;
import java.util.List;
import java.util.Optional;

/**
 * What the kernel's own compiler says about a text that it rejects, in lines of that text.
 *
 * <p>The classes that know it are part of the kernel's jar and not on Maven Central, so their two methods are found by name; where
 * a kernel has none, nothing is known and no harm is done.
 */
final class KernelMistakes {

    private final Object kernel;

    KernelMistakes(Object kernel) {
        this.kernel = kernel;
    }

    /** The mistakes for which the kernel threw {@code rejected} when it was given {@code source}; empty if they are not known. */
    List<SourceError> in(String source, Throwable rejected) {
        Optional<Object> event = asked(rejected, "getBadSnippetCompilation");
        Optional<Object> shell = asked(kernel, "getJShell");
        return event.isPresent() && shell.isPresent()
                ? RejectedSnippet.errors(shell.get(), event.get(), source)
                : List.of();
    }

    private static Optional<Object> asked(Object object, String method) {
        try {
            return Optional.ofNullable(object.getClass().getMethod(method).invoke(object));
        } catch (ReflectiveOperationException otherKernel) {
            return Optional.empty();
        }
    }
}
