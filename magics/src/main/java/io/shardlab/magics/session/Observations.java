package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Diagnosis;
import io.shardlab.magics.backend.Measures;
import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.backend.Workers;
import io.shardlab.magics.command.TimelineOptions;
import io.shardlab.magics.home.Corpus;
import io.shardlab.mesh.Selection;
import io.shardlab.trace.ChromeTrace;
import io.shardlab.trace.Timeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The verbs that only look: rows for tables and charts. */
final class Observations {

    private final Backend backend;
    private final Work work;
    private final Corpus corpus;

    Observations(Backend backend, Work work, Corpus corpus) {
        this.backend = backend;
        this.work = work;
        this.corpus = corpus;
    }

    /** What the running workers only simulate, for titles. */
    Optional<String> simulated() {
        return backend.workers().simulated();
    }

    List<Workers.StatusRow> status() {
        return work.look("status", () -> backend.workers().status());
    }

    List<Workers.LogLine> logs(Selection selection, int linesPerRank) {
        return work.look("logs", () -> backend.workers().logs(selection, linesPerRank));
    }

    List<Measures.MemoryRow> memory(boolean reset) {
        return work.call("mem", () -> backend.measures().memory(reset));
    }

    List<Measures.TrafficRow> traffic(boolean reset) {
        return work.call("traffic", () -> backend.measures().traffic(reset));
    }

    /** What each rank did in a step; also as a Chrome trace if a file is named. */
    Timeline timeline(TimelineOptions options) {
        return work.look("timeline", () -> {
            Timeline timeline = backend.measures().timeline(options.step(), options.predicted());
            if (options.file().isPresent()) {
                Path file = options.file().get();
                try {
                    ChromeTrace.write(
                            timeline,
                            backend.plans().placed().map(RunFolder::roles).orElse(List.of()),
                            file);
                } catch (IOException unwritable) {
                    throw new UncheckedIOException("--save " + file + " cannot be written", unwritable);
                }
            }
            return timeline;
        });
    }

    List<Diagnosis.DeviceRow> devices() {
        return work.look("devices", () -> backend.diagnosis().devices());
    }

    List<Plans.ModelRow> models() {
        return work.look("models", () -> backend.plans().models());
    }

    /** What can be trained on. */
    List<Corpus.Listed> corpora() {
        return corpus.list();
    }

    List<Diagnosis.DoctorRow> doctor(OptionalInt flood) {
        List<Diagnosis.DoctorRow> rows =
                new ArrayList<>(work.look("doctor", () -> backend.diagnosis().doctor()));
        if (flood.isPresent()) {
            rows.addAll(work.call("doctor", () -> backend.diagnosis().flood(flood.getAsInt())));
        }
        return rows;
    }
}
