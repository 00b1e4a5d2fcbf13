package io.shardlab.comm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.shardlab.transport.SharedMemoryTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

class SharedMemoryCommunicatorTest implements SumsContract, OrderContract, FaultsContract, StartedCallsContract {

    @TempDir
    Path folder;

    @Override
    public List<Transport> transports(int size, IntFunction<WaitPolicy> wait) throws Exception {
        List<Transport> transports = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            transports.add(SharedMemoryTransport.open(folder, rank, size, wait.apply(rank)));
        }
        return transports;
    }

    @AfterEach
    void noFileIsLeft() {
        assertArrayEquals(new File[0], folder.toFile().listFiles());
    }
}
