package io.shardlab.cell;

import io.shardlab.cell.CompiledCell.SourceError;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import jdk.jshell.Diag;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;

/** What another JShell, the notebook's own, says about a text that it rejects. Stateless; any thread. */
public final class RejectedSnippet {

    private RejectedSnippet() {}

    /**
     * The mistakes in lines of the whole text.
     *
     * @param shell a {@link JShell}; from anything else nothing is known
     * @param event the {@link SnippetEvent} with the statement that it rejected
     * @param source of which the statement is a part
     */
    public static List<SourceError> errors(Object shell, Object event, String source) {
        return shell instanceof JShell compiler && event instanceof SnippetEvent rejected
                ? errors(compiler, rejected.snippet(), source)
                : List.of();
    }

    private static List<SourceError> errors(JShell compiler, Snippet snippet, String source) {
        String statement = snippet.source();
        int start = Math.max(0, source.indexOf(statement.strip()));
        int leading = statement.length() - statement.stripLeading().length();
        List<SourceError> errors = new ArrayList<>();
        compiler.diagnostics(snippet).filter(Diag::isError).forEach(diag -> {
            int inside = diag.getPosition() == Diag.NOPOS ? 0 : Math.max(0, (int) diag.getPosition() - leading);
            SourceError error =
                    SourceError.at(source, Math.min(source.length(), start + inside), diag.getMessage(Locale.ENGLISH));
            if (errors.stream().noneMatch(known -> known.line() == error.line())) {
                errors.add(error); // The others mostly follow from the first.
            }
        });
        return errors;
    }
}
