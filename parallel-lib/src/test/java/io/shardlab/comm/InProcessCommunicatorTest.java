package io.shardlab.comm;

import io.shardlab.transport.InProcessTransport;
import io.shardlab.transport.Transport;
import io.shardlab.transport.WaitPolicy;
import java.util.List;
import java.util.function.IntFunction;

class InProcessCommunicatorTest implements SumsContract, OrderContract, FaultsContract, StartedCallsContract {

    @Override
    public List<Transport> transports(int size, IntFunction<WaitPolicy> wait) {
        return InProcessTransport.create(size, wait);
    }
}
