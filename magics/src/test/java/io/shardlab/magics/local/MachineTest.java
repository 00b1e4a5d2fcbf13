package io.shardlab.magics.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.shardlab.cluster.Devices;
import io.shardlab.cluster.HostLimits;
import io.shardlab.magics.command.UpOptions;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MachineTest {

    private static final Machine WITHOUT_GPU =
            new Machine(new Devices(List.of(), new HostLimits(2, "test", 4L << 30, "test"), 0, 0, true, true));

    private static String refusal(UpOptions options) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> WITHOUT_GPU.spec(options))
                .getMessage());
    }

    @Test
    void gpusThatAreNotThereAreCountedOnlyIfANumberWasAskedFor() {
        UpOptions gpus = UpOptions.DEFAULT.withDevices("gpu");
        assertEquals("devices gpu: this machine shows no GPU; use -d cpu", refusal(gpus));
        assertEquals("devices gpu: 2 asked for; this machine shows no GPU; use -d cpu", refusal(gpus.withWorkers(2)));
    }
}
