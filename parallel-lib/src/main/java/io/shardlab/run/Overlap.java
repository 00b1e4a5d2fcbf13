package io.shardlab.run;

/** Whether collectives run beside computing, or after it for comparison; {@code -Dshardlab.overlap=false} says so. */
final class Overlap {

    static final boolean WANTED = Boolean.parseBoolean(System.getProperty(Seat.OVERLAP_PROPERTY, "true"));

    private Overlap() {}
}
