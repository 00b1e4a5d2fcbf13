package io.shardlab.magics.screen;

import io.shardlab.cell.ValueText;
import io.shardlab.magics.backend.Cells;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.view.Html;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How the values of a cell and the mistakes in its text look. */
public final class CellView {

    private CellView() {}

    /** Equal values once, with the ranks that have them; pictures each on their own. */
    public static List<Content> values(Cells.Outcome outcome) {
        Map<List<Object>, List<Cells.RankRow>> equal = new LinkedHashMap<>();
        for (Cells.RankRow row : outcome.ran()) {
            if (row.value().isPresent()) {
                String picture = row.png()
                        .map(png -> new String(png, StandardCharsets.ISO_8859_1))
                        .orElse("");
                equal.computeIfAbsent(List.of(row.value().get(), picture), key -> new ArrayList<>())
                        .add(row);
            }
        }
        List<Content> contents = new ArrayList<>();
        StringBuilder texts = new StringBuilder();
        for (List<Cells.RankRow> rows : equal.values()) {
            String label = CellText.label(rows.stream().map(Cells.RankRow::rank).toList());
            String value = rows.get(0).value().orElse("");
            String text = label + ":" + (value.contains("\n") ? "\n" : " ") + value + "\n";
            if (rows.get(0).png().isPresent()) {
                contents.add(new Content("", text, rows.get(0).png()));
            } else {
                texts.append(text);
            }
        }
        if (texts.length() > 0) {
            contents.add(0, Content.of(Html.preformatted(texts.toString().stripTrailing()), texts.toString()));
        }
        return contents;
    }

    /** What the notebook's own Java made of a cell that ran there too. */
    public static Content local(Object value) {
        for (ValueView<?> view : ValueView.all()) {
            Optional<Content> drawn = drawn(view, value);
            if (drawn.isPresent()) {
                return drawn.get();
            }
        }
        String text = "notebook: " + text(value);
        return Content.of(Html.preformatted(text), text + "\n");
    }

    private static <T> Optional<Content> drawn(ValueView<T> view, Object value) {
        return view.type().isInstance(value)
                ? Optional.of(view.draw().apply(view.type().cast(value)))
                : Optional.empty();
    }

    public static String text(Object value) {
        return ValueText.of(value);
    }

    /** The lines that do not compile, with marks below the places. */
    public static Content mistakes(Cells.MistakenCell mistaken) {
        StringBuilder text = new StringBuilder();
        mistaken.errors().forEach(error -> text.append(error.picture()).append('\n'));
        return new Content(Html.preformatted(text.toString().stripTrailing()), text.toString(), Optional.empty());
    }
}
