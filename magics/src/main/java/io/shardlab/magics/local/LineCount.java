package io.shardlab.magics.local;

import io.shardlab.magics.backend.Diagnosis;

/** Counts the lines of one worker that arrive in order; heard on threads of the cluster. */
final class LineCount {

    private final int rank;
    private final StringBuilder rest = new StringBuilder();
    private int inOrder;
    private int others;

    LineCount(int rank) {
        this.rank = rank;
    }

    synchronized void hear(String text) {
        rest.append(text);
        int start = 0;
        for (int end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n", start)) {
            if (rest.substring(start, end).strip().equals("rank " + rank + " line " + inOrder)) {
                inOrder++;
            } else {
                others++;
            }
            start = end + 1;
        }
        rest.delete(0, start);
    }

    synchronized Diagnosis.DoctorRow row(int expected) {
        boolean all = inOrder == expected;
        String finding = inOrder + " of " + expected + " lines arrived in order"
                + (others == 0 ? "" : ", " + others + " other lines among them");
        return new Diagnosis.DoctorRow("output of rank " + rank, finding, all, all ? "" : "please report this");
    }
}
