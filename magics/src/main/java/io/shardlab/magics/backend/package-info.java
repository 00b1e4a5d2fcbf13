/**
 * What a session can ask of what lies below it, and what it is told: {@link io.shardlab.magics.backend.Backend} first, then its
 * parts, one subject each, with the rows and outcomes of their verbs, and failures as values.
 *
 * <p>Interfaces and records, and the few rules that hold whoever implements them ({@link io.shardlab.magics.backend.Turns},
 * {@link io.shardlab.magics.backend.Schedules}). May import {@code parallel-lib} and {@code command}; knows neither who answers nor
 * how an answer looks.
 */
@NullMarked
package io.shardlab.magics.backend;

import org.jspecify.annotations.NullMarked;
