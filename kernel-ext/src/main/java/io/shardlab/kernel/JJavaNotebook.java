package io.shardlab.kernel;

import io.shardlab.magics.session.NotebookPort;
import java.util.Base64;
import java.util.UUID;
import org.dflib.jjava.jupyter.kernel.JupyterIO;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;

/**
 * Shows what magics show in the cell that ran the last magic.
 *
 * <p>{@link #enterCell()} is called on the cell's thread when a magic starts; everything else may come from any thread,
 * also after the cell has ended.
 */
final class JJavaNotebook implements NotebookPort {
    private final JupyterIO kernelIo;
    private final boolean interactive;
    private volatile CellOutput cell;

    JJavaNotebook(JupyterIO kernelIo, boolean interactive) {
        this(kernelIo, interactive, CellOutput.of(kernelIo));
    }

    private JJavaNotebook(JupyterIO kernelIo, boolean interactive, CellOutput cell) {
        this.kernelIo = kernelIo;
        this.interactive = interactive;
        this.cell = cell;
    }

    CellOutput enterCell() {
        cell = CellOutput.of(kernelIo);
        return cell;
    }

    CellOutput currentCell() {
        return CellOutput.of(kernelIo);
    }

    /** Another notebook on the same kernel, which no later magic moves to its own cell. */
    @Override
    public NotebookPort here() {
        return new JJavaNotebook(kernelIo, interactive, cell);
    }

    @Override
    public boolean lasting() {
        return cell.lasting();
    }

    @Override
    public Display display(Content content) {
        CellOutput shownIn = cell;
        String id = "shard-" + UUID.randomUUID();
        DisplayData first = data(content);
        first.putTransientData("display_id", id);
        shownIn.display(first);
        return next -> shownIn.update(id, data(next));
    }

    @Override
    public void stream(String text) {
        cell.stream(text);
    }

    @Override
    public boolean interactive() {
        return interactive;
    }

    /** Front ends take HTML before PNG, so a picture beside HTML becomes part of it. */
    static DisplayData data(Content content) {
        DisplayData data = new DisplayData(content.text());
        String picture = content.png().map(Base64.getEncoder()::encodeToString).orElse("");
        if (content.html().isBlank()) {
            if (!picture.isEmpty()) {
                data.putData("image/png", picture);
            }
        } else if (picture.isEmpty()) {
            data.putHTML(content.html());
        } else {
            data.putHTML(content.html() + "<img alt=\"chart\" src=\"data:image/png;base64," + picture + "\">");
        }
        return data;
    }
}
