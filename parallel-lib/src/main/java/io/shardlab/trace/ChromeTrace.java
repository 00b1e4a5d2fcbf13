package io.shardlab.trace;

import com.fasterxml.jackson.core.JsonGenerator;
import io.shardlab.plan.Json;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Writes a timeline as {@code trace.json} in Chrome's trace-event format, which chrome://tracing and Perfetto open.
 *
 * <p>A process per rank; spans are complete events ({@code ph = X}) with times in microseconds from the first span; a
 * collective lies inside its pass.
 */
public final class ChromeTrace {

    private ChromeTrace() {}

    public static void write(Timeline timeline, List<String> roles, Path file) throws IOException {
        try (Writer writer = Files.newBufferedWriter(file)) {
            write(timeline, roles, writer);
        }
    }

    /**
     * Writes and leaves the writer open.
     *
     * @param roles what people call each rank, for instance {@code pp=0}; may be shorter than the ranks
     */
    public static void write(Timeline timeline, List<String> roles, Writer writer) throws IOException {
        long origin =
                timeline.spans().stream().mapToLong(Span::startNanos).min().orElse(0);
        try (JsonGenerator json = Json.mapper().createGenerator(writer)) {
            json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
            json.writeStartObject();
            json.writeStringField("displayTimeUnit", "ms");
            json.writeArrayFieldStart("traceEvents");
            for (int rank = 0; rank < timeline.numRanks(); rank++) {
                String role = rank < roles.size() ? " (" + roles.get(rank) + ")" : "";
                writeName(json, rank, "process_name", "rank " + rank + role);
                writeName(json, rank, "thread_name", timeline.predicted() ? "predicted" : "measured");
            }
            for (Span span : timeline.spans()) {
                writeSpan(json, span, origin);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    private static void writeName(JsonGenerator json, int rank, String what, String name) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", what);
        json.writeStringField("ph", "M");
        json.writeNumberField("pid", rank);
        json.writeNumberField("tid", 0);
        json.writeObjectFieldStart("args");
        json.writeStringField("name", name);
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void writeSpan(JsonGenerator json, Span span, long origin) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", span.label());
        json.writeStringField("cat", span.kind().name().toLowerCase(Locale.ROOT));
        json.writeStringField("ph", "X");
        json.writeNumberField("pid", span.rank());
        json.writeNumberField("tid", 0);
        json.writeNumberField("ts", (span.startNanos() - origin) / 1e3);
        json.writeNumberField("dur", span.nanos() / 1e3);
        json.writeStringField("cname", colour(span.kind()));
        json.writeObjectFieldStart("args");
        json.writeNumberField("step", span.step());
        json.writeNumberField("bytes", span.bytes());
        json.writeEndObject();
        json.writeEndObject();
    }

    /** One of the colour names that the trace viewer reserves. */
    private static String colour(Span.Kind kind) {
        return switch (kind) {
            case FORWARD -> "thread_state_running";
            case BACKWARD -> "thread_state_runnable";
            case BACKWARD_WEIGHT -> "rail_animation";
            case COLLECTIVE, DATA_SYNC -> "thread_state_iowait";
            case SEND -> "rail_load";
            case RECEIVE -> "grey";
            case OPTIMIZER -> "rail_response";
        };
    }
}
