package io.shardlab.mesh;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The ranks that differ in one coordinate only, in the order of that coordinate.
 *
 * @param name unique on a mesh, for instance {@code tp@dp=0,pp=1}
 * @param ranks mesh ranks; the position in this list is the rank within the group
 */
public record Group(String name, List<Integer> ranks) {

    public Group {
        ranks = List.copyOf(ranks);
        if (ranks.isEmpty()) {
            throw new IllegalArgumentException("group " + name + " has no ranks");
        }
        if (ranks.stream().distinct().count() != ranks.size()) {
            throw new IllegalArgumentException("group " + name + " names a rank twice: " + ranks);
        }
    }

    /** The group of all ranks {@code 0 … size-1}. */
    public static Group world(int size) {
        return new Group("world", IntStream.range(0, size).boxed().toList());
    }

    public int size() {
        return ranks.size();
    }

    /** The position of a mesh rank in this group. */
    public int indexOf(int rank) {
        int index = ranks.indexOf(rank);
        if (index < 0) {
            throw new IllegalArgumentException("rank " + rank + " is not in group " + name + " " + ranks);
        }
        return index;
    }
}
