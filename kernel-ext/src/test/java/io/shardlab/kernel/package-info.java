@NullMarked
package io.shardlab.kernel;

import org.jspecify.annotations.NullMarked;
