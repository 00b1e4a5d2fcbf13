package io.shardlab.trace;

import java.util.Locale;

/** The parts of a run in which ranks talk to each other. */
public enum Phase {
    PLACEMENT,
    FORWARD,
    BACKWARD,
    /** Gradients that several ranks have found summands of. */
    GRADIENT_SYNC,
    /** The agreement of all ranks on a step and what follows it: optimizer, weights that are shared out again. */
    COMMIT;

    /** The name in counts: {@code gradient-sync}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
