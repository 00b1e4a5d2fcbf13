/** Facts about the loop of one rank. */
@NullMarked
package io.shardlab.run;

import org.jspecify.annotations.NullMarked;
