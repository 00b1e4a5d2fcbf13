/**
 * Tables and pictures of plans, timelines, memory and metrics.
 *
 * <p>Read {@link io.shardlab.magics.view.Grid} first: rows and columns that become a Tablesaw table for cells, plain HTML for
 * people and text for everyone else. Every chart is a {@link io.shardlab.magics.view.Chart}: a PNG and its twin in text. HTML
 * carries attributes only (no style sheet, no script), because saved notebooks are read untrusted;
 * bars in tables are characters, so they outlive even that. Colours have one home, {@link io.shardlab.magics.view.Palette}. This room knows values of
 * {@code plan} and {@code trace}; it starts nothing and knows no notebook.
 */
@NullMarked
package io.shardlab.magics.view;

import org.jspecify.annotations.NullMarked;
