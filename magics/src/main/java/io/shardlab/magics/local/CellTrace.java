package io.shardlab.magics.local;

import io.shardlab.cell.CellCompiler;
import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellOutcome.Frame;
import io.shardlab.magics.backend.Failure;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a cell threw, in the lines of the notebook. */
final class CellTrace {

    private static final String UNDECLARED = "jdk.jshell.spi.SPIResolutionException";

    private CellTrace() {}

    /** The failure of a rank, in the innermost line of a cell that its trace shows. */
    static Failure failure(
            CellCompiler compiler, int cell, CellOutcome.Thrown thrown, int rank, String role, String device) {
        List<String> lines = new ArrayList<>(
                thrown.causes().stream().map(cause -> "caused by " + cause).toList());
        Optional<String> where = Optional.empty();
        for (Frame frame : thrown.frames()) {
            Optional<String> place = compiler.place(frame);
            where = where.or(() -> place);
            lines.add(place.map(found -> own(frame, found)).orElseGet(() -> other(frame)));
        }
        String message = thrown.type().equals(UNDECLARED)
                ? "a method was called that uses what is not declared yet"
                : simple(thrown.type()) + (thrown.message().isEmpty() ? "" : ": " + thrown.message());
        return new Failure(rank, role, device, where.orElse("cell " + cell), message, lines, thrown.consequence());
    }

    private static String own(Frame frame, String place) {
        boolean topLevel = frame.method().startsWith("do_it$");
        return "at " + (topLevel ? "" : frame.method().replaceFirst("^lambda\\$.*", "lambda") + ", ") + place;
    }

    private static String other(Frame frame) {
        return "at " + simple(frame.type()) + "." + frame.method()
                + (frame.line() > 0 ? " (" + frame.file() + ":" + frame.line() + ")" : "");
    }

    private static String simple(String type) {
        return type.substring(type.lastIndexOf('.') + 1).replaceFirst("^\\$JShell\\$[0-9A-Z]+\\$", "");
    }
}
