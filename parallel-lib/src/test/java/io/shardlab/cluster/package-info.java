/** Facts about starting, losing and stopping workers; real JVMs wherever a process matters. */
@NullMarked
package io.shardlab.cluster;

import org.jspecify.annotations.NullMarked;
