package io.shardlab.model;

import io.shardlab.plan.Plan;
import io.shardlab.plan.Scheme;
import io.shardlab.schedule.ScheduleRule;

/** What can be placed: a decoder, or a block that the user wrote. */
public sealed interface Model permits ModelSpec, BlockSpec {

    String name();

    /** Places the model on a mesh; {@link IllegalArgumentException} says what does not fit and what does. */
    Plan plan(Scheme scheme, Planner.Settings settings, ScheduleRule rule);

    /** The same under the rule that the settings name. */
    default Plan plan(Scheme scheme, Planner.Settings settings) {
        return plan(
                scheme,
                settings,
                ScheduleRule.named(settings.schedule(), settings.options().chunks()));
    }
}
