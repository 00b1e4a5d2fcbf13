package io.shardlab.run;

import io.shardlab.trace.MemoryCategory;
import io.shardlab.trace.MemoryUse;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The loop of one rank; for now it answers what needs no model. */
public final class RankRunner implements RankExecutor {

    private final Seat seat;
    private final StatusPage page;

    private RankRunner(Seat seat, StatusPage page) {
        this.seat = seat;
        this.page = page;
    }

    /** Called on the thread that will execute every request. */
    public static RankExecutor open(Seat seat, StopSignal stop, StatusPage page) {
        stop.checkPeers();
        return new RankRunner(seat, page);
    }

    @Override
    public Reply execute(Request request, Consumer<Event> events) {
        if (request instanceof Request.Print print) {
            page.enter("print", "", -1);
            for (int i = 0; i < print.lines(); i++) {
                System.out.println("rank " + seat.rank() + " line " + i);
            }
        } else if (!(request instanceof Request.Warm || request instanceof Request.Memory)) {
            String type = request.getClass().getSimpleName();
            return new Reply.Failed("UnsupportedOperationException", type + " is not known here", List.of(), false);
        }
        page.enter("idle", "", -1);
        Runtime runtime = Runtime.getRuntime();
        long heapBytes = runtime.totalMemory() - runtime.freeMemory();
        return new Reply.Done(new MemoryUse(seat.rank(), Map.of(MemoryCategory.HEAP, heapBytes)));
    }

    @Override
    public void close() {
        page.enter("closed", "", -1);
    }
}
