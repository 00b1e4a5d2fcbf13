package io.shardlab.magics.session;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A notebook that remembers what it was shown; tests may look while others still show. */
class RecordingPort implements NotebookPort {

    final List<Content> displays = new CopyOnWriteArrayList<>();
    final List<Content> updates = new CopyOnWriteArrayList<>();
    final StringBuffer streamed = new StringBuffer();
    private final boolean interactive;

    RecordingPort(boolean interactive) {
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

    boolean quiet() {
        return displays.isEmpty() && updates.isEmpty() && streamed.isEmpty();
    }
}
