package io.shardlab.magics.session;

/** The value of a line that showed help: nothing more than which. */
public record Help(String verb) {
    @Override
    public String toString() {
        return "help for " + verb;
    }
}
