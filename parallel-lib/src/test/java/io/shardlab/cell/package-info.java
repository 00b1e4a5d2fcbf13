@NullMarked
package io.shardlab.cell;

import org.jspecify.annotations.NullMarked;
