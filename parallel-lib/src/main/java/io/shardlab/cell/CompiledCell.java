package io.shardlab.cell;

import java.util.List;
import java.util.Set;

/** What became of a cell's text. Statements before the first one that does not compile are kept, and can be run. */
public final class CompiledCell {

    private final int number;
    private final CellProgram program;
    private final List<SourceError> errors;
    private final List<String> notes;
    private final Set<String> uses;
    private boolean shipped;

    CompiledCell(int number, CellProgram program, List<SourceError> errors, List<String> notes, Set<String> uses) {
        this.number = number;
        this.program = program;
        this.errors = List.copyOf(errors);
        this.notes = List.copyOf(notes);
        this.uses = Set.copyOf(uses);
    }

    /** Counts the cells that were compiled, from 1; 0 is what cells find. */
    public int number() {
        return number;
    }

    /** With the classes until {@link #shipped} was called. */
    public CellProgram program() {
        return shipped ? program.withoutClasses() : program;
    }

    /** Says that all ranks have its classes. */
    public void shipped() {
        shipped = true;
    }

    /** Why the rest did not compile, as the compiler orders it; empty if all did. */
    public List<SourceError> errors() {
        return errors;
    }

    /** Lines for people: methods that call what is not declared yet. */
    public List<String> notes() {
        return notes;
    }

    /** Holders of the variables of earlier cells that it reads or writes, and other types it needs. */
    public Set<String> uses() {
        return uses;
    }

    /**
     * A mistake in the text of a cell.
     *
     * @param line of the cell, from 1
     * @param column from 1
     * @param message of the compiler, possibly of several lines
     * @param text of that line
     */
    public record SourceError(int line, int column, String message, String text) {

        /** The mistake at a character of a cell's source; a statement begins behind the blank lines before it. */
        public static SourceError at(String source, int position, String message) {
            int at = position;
            while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
                at++;
            }
            at = at == source.length() ? position : at;
            int begin = source.lastIndexOf('\n', at - 1) + 1;
            int end = source.indexOf('\n', begin);
            return new SourceError(
                    LineTable.lineOf(source, at),
                    at - begin + 1,
                    message,
                    source.substring(begin, end < 0 ? source.length() : end));
        }

        /** The message's first line behind its place: {@code line 3: cannot find symbol}. */
        public String summary() {
            List<String> parts = message.lines()
                    .map(String::strip)
                    .filter(part -> !part.startsWith("location:"))
                    .toList();
            return "line " + line + ": " + String.join(", ", parts).replaceAll("\\s+", " ");
        }

        /** The message, the line, and a mark below the place. */
        public String picture() {
            return summary() + "\n    " + text.replace('\t', ' ') + "\n    " + " ".repeat(Math.max(0, column - 1))
                    + "^";
        }
    }
}
