package io.shardlab.transport;

import java.util.ArrayList;
import java.util.List;

/**
 * The groups in which a rank has started calls that are not over. Those of a group go on one after the other, groups
 * independently of each other. Owned by the rank's compute thread.
 */
final class StartedCalls {

    private final List<Windows> groups = new ArrayList<>();
    private boolean progressing;

    void add(Windows group) {
        if (!groups.contains(group)) {
            groups.add(group);
        }
    }

    void remove(Windows group) {
        groups.remove(group);
    }

    /** Takes each group's first call as far as it goes, and then the next; never waits. */
    void progress() {
        if (groups.isEmpty() || progressing) {
            return;
        }
        progressing = true;
        try {
            for (int i = groups.size() - 1; i >= 0; i--) {
                if (groups.get(i).advance()) {
                    groups.remove(i);
                }
            }
        } finally {
            progressing = false;
        }
    }
}
