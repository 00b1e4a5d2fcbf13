package io.shardlab.magics.session;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A notebook that remembers what it was shown. */
class RecordingPort implements NotebookPort {

    final List<Content> displays = Collections.synchronizedList(new ArrayList<>());
    final List<Content> updates = Collections.synchronizedList(new ArrayList<>());
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
