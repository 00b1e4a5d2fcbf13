package io.shardlab.magics.screen;

import java.util.function.Consumer;

/** Text that appears as it is made, in chunks of at most four a second; all at once where nobody watches. */
public final class LiveText implements Consumer<String>, Screen.Live {

    private final StringBuilder pending = new StringBuilder();
    private final String start;
    private boolean started;

    /** The prompt stands before what continues it, once there is something. */
    public LiveText(String start) {
        this.start = start;
    }

    @Override
    public synchronized void accept(String piece) {
        if (!started) {
            started = true;
            pending.append(start);
        }
        pending.append(piece);
    }

    @Override
    public void tick(Port port) {
        if (port.interactive()) {
            flush(port, "");
        }
    }

    @Override
    public void end(Port port) {
        flush(port, "\n");
    }

    private void flush(Port port, String after) {
        String text;
        synchronized (this) {
            text = started ? pending + after : "";
            pending.setLength(0);
        }
        if (!text.isEmpty()) {
            port.stream(text);
        }
    }
}
