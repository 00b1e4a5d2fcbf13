package io.shardlab.magics.trial;

import io.shardlab.magics.command.ComparedScheme;
import io.shardlab.plan.Plan;

/** What was measured of one scheme of a comparison, whatever it was made to do. */
public sealed interface SchemeFigures permits SchemeResult, GenerationResult {

    ComparedScheme scheme();

    Plan plan();

    /** Whether a timed run of it has ended. */
    boolean measured();

    /** The median of its timed runs. */
    double tokensPerSecond();

    default int workers() {
        return plan().mesh().size();
    }
}
