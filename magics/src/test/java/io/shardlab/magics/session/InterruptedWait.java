package io.shardlab.magics.session;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A cell that waits for something until it is interrupted. */
final class InterruptedWait {

    private InterruptedWait() {}

    /** What the cell ends with. */
    static String end(Supplier<?> verb) throws InterruptedException {
        BlockingQueue<String> ends = new LinkedBlockingQueue<>();
        Thread cell = new Thread(() -> {
            try {
                ends.add("value " + verb.get());
            } catch (ShardException ended) {
                ends.add(String.valueOf(ended.getMessage()));
            }
        });
        cell.start();
        while (cell.getState() != Thread.State.WAITING && cell.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        cell.interrupt();
        return String.valueOf(ends.poll(20, TimeUnit.SECONDS));
    }
}
