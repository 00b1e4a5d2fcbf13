package io.shardlab.magics.local;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class LocalWorkersTest {

    /** {@code down} under load said "signal 9" of workers that it had killed itself, which reads like a crash. */
    @Test
    void aWorkerThatWasKilledToStopItIsNoCrash() {
        assertEquals("stopped (killed after 1.2 s)", LocalWorkers.exit(137, false, false));
        assertEquals("stopped (killed at once)", LocalWorkers.exit(137, false, true));
        assertEquals("signal 9", LocalWorkers.exit(137, true, false));
        assertEquals("signal 15", LocalWorkers.exit(143, false, false));
        assertEquals("exit code 0", LocalWorkers.exit(0, false, false));
    }
}
