package io.shardlab.magics.session;

import io.shardlab.magics.screen.Port;

/** The notebook that a session talks to, as whoever embeds a session hands it over: all that the room of the screen asks of it. */
public interface NotebookPort extends Port {}
