/** Facts that cross modules: the architecture, and the product's own worker JVMs at work on real models. */
@NullMarked
package io.shardlab.tests;

import org.jspecify.annotations.NullMarked;
