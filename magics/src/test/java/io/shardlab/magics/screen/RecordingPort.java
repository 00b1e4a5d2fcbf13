package io.shardlab.magics.screen;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A notebook that remembers what it was shown; tests may look while others still show. */
public class RecordingPort implements Port {

    public final List<Content> displays = new CopyOnWriteArrayList<>();
    public final List<Content> updates = new CopyOnWriteArrayList<>();
    public final StringBuffer streamed = new StringBuffer();
    private final boolean interactive;

    public RecordingPort(boolean interactive) {
        this.interactive = interactive;
    }

    @Override
    public Display display(Content content) {
        displays.add(content);
        return updates::add;
    }

    @Override
    public void stream(String text) {
        streamed.append(text);
    }

    @Override
    public boolean interactive() {
        return interactive;
    }

    public boolean quiet() {
        return displays.isEmpty() && updates.isEmpty() && streamed.isEmpty();
    }
}
