/**
 * From a model's description to a plan.
 *
 * <p>{@link io.shardlab.model.ModelSpec} is what a Hugging Face {@code config.json} or a preset says;
 * {@link io.shardlab.model.Decoder} turns it into layers of segments with their tensor-parallel cuts;
 * {@link io.shardlab.model.Planner} places them on a mesh. This room never loads weights and never computes: it must stay
 * fast enough to plan for any number of devices that nobody has.
 */
@NullMarked
package io.shardlab.model;

import org.jspecify.annotations.NullMarked;
