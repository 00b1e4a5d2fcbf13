package io.shardlab.transport;

import java.io.IOException;
import java.util.Optional;

/** Where the members of a group find the memory they share. */
interface SegmentStore {

    /** Makes zeroed memory and shows it under a name, in place of what had that name. */
    Segment create(String name, int bytes) throws IOException;

    /** The memory shown under a name, once it is there. */
    Optional<Segment> find(String name, int bytes) throws IOException;

    /** Whether the name now shows other memory than this, which then is left over from an attempt that failed. */
    boolean isReplaced(String name, Segment segment) throws IOException;

    /** Takes the name away; who has the memory keeps it. */
    void hide(String name) throws IOException;

    /** Gives this rank's hold on the memory back. */
    void release(Segment segment);
}
