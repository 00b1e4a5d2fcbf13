package io.shardlab.magics.session;

/** Hears of a comparison while it runs, on the thread that works. */
public interface ComparisonListener {

    /** Hears nothing. */
    ComparisonListener SILENT = (soFar, done, total, next) -> {};

    /**
     * A run has ended, or the first one begins.
     *
     * @param done runs that ended, untimed ones too
     * @param next scheme that runs next
     */
    void ran(Compared<?> soFar, int done, int total, String next);
}
