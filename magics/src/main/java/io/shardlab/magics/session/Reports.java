package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Diagnosis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Optional;

/** The verb {@code report}. */
final class Reports {

    private final Backend backend;
    private final Work work;
    private final Journal journal;

    Reports(Backend backend, Work work, Journal journal) {
        this.backend = backend;
        this.work = work;
        this.journal = journal;
    }

    /** Writes the session's page; a file that is there is replaced when the new one is complete. */
    Path write(Path file, Optional<String> title) {
        return work.callAnyway("report", () -> {
            List<Diagnosis.DoctorRow> machine = backend.diagnosis().doctor();
            String html = new Report(journal, machine, title.orElse(Report.TITLE)).html(ZonedDateTime.now());
            Path target = file.toAbsolutePath().normalize();
            try {
                Path folder = Files.createDirectories(Optional.ofNullable(target.getParent())
                        .orElseThrow(() -> new IllegalArgumentException("report file '" + file + "' is a folder")));
                if (Files.isDirectory(target)) {
                    throw new IllegalArgumentException("report file '" + file + "' is a folder; give a file name");
                }
                Path draft = Files.createTempFile(folder, ".report", ".html");
                Files.writeString(draft, html);
                Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException unwritable) {
                throw new IllegalArgumentException(
                        "report file '" + file + "' cannot be written: " + unwritable, unwritable);
            }
            return target;
        });
    }
}
