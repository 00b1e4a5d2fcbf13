package io.shardlab.kernel;

import io.shardlab.magics.screen.ValueView;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.Renderer;

/**
 * Draws tables and charts when a cell ends with one.
 *
 * <p>A value that a magic of the same cell has shown already becomes one short line.
 */
final class ValueRenderers {
    private final JJavaNotebook notebook;
    private final ShownValues shown;

    ValueRenderers(JJavaNotebook notebook, ShownValues shown) {
        this.notebook = notebook;
        this.shown = shown;
    }

    void register(Renderer renderer) {
        ValueView.all().forEach(view -> register(renderer, view));
    }

    private <T> void register(Renderer renderer, ValueView<T> view) {
        renderer.createRegistration(view.type())
                .supporting("text/html", "image/png", "text/plain")
                .register((value, context) -> {
                    DisplayData output = context.getOutputContainer();
                    if (shown.take(value, notebook.currentCell())) {
                        output.putText(view.shortLine().apply(value) + ", shown above");
                    } else {
                        output.assign(JJavaNotebook.data(view.draw().apply(value)));
                    }
                });
    }
}
