package io.shardlab.magics;

import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.UpOptions;
import io.shardlab.magics.session.Lab;
import io.shardlab.magics.session.PlanView;
import io.shardlab.plan.Scheme;

/** The verbs of {@code %shard} in plain Java: {@code try (Lab lab = Shard.up(2)) { lab.place("tiny", Scheme.tp(2)); }}. */
public final class Shard {

    private Shard() {}

    /** A laboratory without workers. */
    public static Lab open() {
        return Lab.open();
    }

    /** A laboratory with so many workers. */
    public static Lab up(int workers) {
        return up(UpOptions.workers(workers));
    }

    /** A laboratory with workers; nothing stays behind if they do not come up. */
    public static Lab up(UpOptions options) {
        Lab lab = Lab.open();
        try {
            return lab.up(options);
        } catch (RuntimeException failed) {
            lab.close();
            throw failed;
        }
    }

    /** Plans and prices a model without workers. */
    public static PlanView plan(String model, Scheme scheme) {
        try (Lab lab = Lab.open()) {
            return lab.plan(PlanOptions.of(model, scheme));
        }
    }
}
