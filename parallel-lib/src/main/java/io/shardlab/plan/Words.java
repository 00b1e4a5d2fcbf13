package io.shardlab.plan;

/** Words in messages. */
public final class Words {

    private Words() {}

    /** 1 run, 2 runs, 3 micro-batches. */
    public static String counted(int count, String noun) {
        return count + " " + noun + (count == 1 ? "" : noun.endsWith("ch") ? "es" : "s");
    }
}
