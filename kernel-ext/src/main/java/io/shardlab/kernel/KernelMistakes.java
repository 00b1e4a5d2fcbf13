package io.shardlab.kernel;

import io.shardlab.cell.CompiledCell.SourceError;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import jdk.jshell.Diag;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;

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
        Optional<SnippetEvent> event = asked(rejected, "getBadSnippetCompilation", SnippetEvent.class);
        Optional<JShell> shell = asked(kernel, "getJShell", JShell.class);
        return event.isPresent() && shell.isPresent()
                ? of(shell.get(), event.get().snippet(), source)
                : List.of();
    }

    static List<SourceError> of(JShell shell, Snippet snippet, String source) {
        int start = Math.max(0, source.indexOf(snippet.source().strip()));
        int leading =
                snippet.source().length() - snippet.source().stripLeading().length();
        List<SourceError> errors = new ArrayList<>();
        shell.diagnostics(snippet).filter(Diag::isError).forEach(diag -> {
            int inside = diag.getPosition() == Diag.NOPOS ? 0 : Math.max(0, (int) diag.getPosition() - leading);
            SourceError error =
                    SourceError.at(source, Math.min(source.length(), start + inside), diag.getMessage(Locale.ENGLISH));
            if (errors.stream().noneMatch(known -> known.line() == error.line())) {
                errors.add(error); // The others mostly follow from the first.
            }
        });
        return errors;
    }

    private static <T> Optional<T> asked(Object object, String method, Class<T> answer) {
        try {
            return Optional.of(answer.cast(object.getClass().getMethod(method).invoke(object)));
        } catch (ReflectiveOperationException | RuntimeException otherKernel) {
            return Optional.empty();
        }
    }
}
