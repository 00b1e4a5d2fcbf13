/** One session per notebook: what runs between a magic's text and the pictures it shows. */
@NullMarked
package io.shardlab.magics.session;

import org.jspecify.annotations.NullMarked;
