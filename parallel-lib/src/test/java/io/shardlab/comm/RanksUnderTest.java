package io.shardlab.comm;

import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.time.Duration;
import java.util.List;
import java.util.function.IntFunction;

/** Where a contract gets its ranks from. */
interface RanksUnderTest {

    List<Transport> transports(int size, IntFunction<WaitPolicy> wait) throws Exception;

    default List<Transport> transports(int size) throws Exception {
        return transports(size, rank -> WaitPolicy.forRanks(size, Duration.ofSeconds(30), () -> {}));
    }
}
