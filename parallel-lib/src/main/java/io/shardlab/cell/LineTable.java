package io.shardlab.cell;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import jdk.jshell.SourceCodeAnalysis.SnippetWrapper;

/** Which line of a cell stands behind a line of the class that was made around a statement. */
record LineTable(int cell, Map<Integer, Integer> cellLines) {

    /**
     * Reads the table off a wrapper.
     *
     * @param text of the whole cell
     * @param start of the statement in it
     */
    static LineTable of(int cell, SnippetWrapper wrapper, String text, int start) {
        String wrapped = wrapper.wrapped();
        Map<Integer, Integer> lines = new HashMap<>();
        int cellLine = lineOf(text, start);
        for (int at = 0; at < wrapper.source().length(); at++) {
            int inWrapped = wrapper.sourceToWrappedPosition(at);
            if (inWrapped >= 0 && inWrapped < wrapped.length()) {
                lines.putIfAbsent(lineOf(wrapped, inWrapped), cellLine);
            }
            if (wrapper.source().charAt(at) == '\n') {
                cellLine++;
            }
        }
        return new LineTable(cell, lines);
    }

    OptionalInt lineBehind(int line) {
        Integer found = cellLines.get(line);
        return found == null ? OptionalInt.empty() : OptionalInt.of(found);
    }

    /** The number, from 1, of the line in which a position lies. */
    static int lineOf(String text, int position) {
        int line = 1;
        for (int at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) {
            line++;
        }
        return line;
    }
}
