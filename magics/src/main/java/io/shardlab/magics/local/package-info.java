/**
 * The backend of the product: worker JVMs on this machine.
 *
 * <p>{@link io.shardlab.magics.local.LocalBackend} is all that others may see. Each part of the backend is a {@code Local…} class;
 * they share {@code RunningCluster}, the workers that run now and what lives no longer than they do. May import {@code backend},
 * {@code home}, {@code command} and {@code parallel-lib}; nothing here is shown, and nothing knows a notebook.
 */
@NullMarked
package io.shardlab.magics.local;

import org.jspecify.annotations.NullMarked;
