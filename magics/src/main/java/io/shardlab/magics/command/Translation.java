package io.shardlab.magics.command;

import java.util.List;
import java.util.Optional;

/** What a familiar magic becomes here. */
public sealed interface Translation {

    /** A line: the words after {@code %shard}. */
    record Line(List<String> words) implements Translation {
        public Line {
            words = List.copyOf(words);
        }

        @Override
        public String text() {
            return shown("%shard", words);
        }
    }

    /**
     * Java on workers: the words after {@code %%shard}.
     *
     * @param body that the magic brings along; empty for the body of its cell
     */
    record Cell(List<String> words, Optional<String> body) implements Translation {
        public Cell {
            words = List.copyOf(words);
        }

        @Override
        public String text() {
            String first = shown("%%shard", words);
            return body.map(java -> first + " with the body " + java).orElse(first);
        }
    }

    /** The values of the last cell once more, also kept under a name if there is one. */
    record Recall(Optional<String> name) implements Translation {
        @Override
        public String text() {
            return "the values of the last cell; `%%shard -o NAME` and lab.result(\"NAME\") keep more than one";
        }
    }

    /** Nothing to run; the text says what is so now. */
    record Said(String text) implements Translation {}

    /** In our words. */
    String text();

    private static String shown(String magic, List<String> words) {
        StringBuilder text = new StringBuilder(magic);
        words.forEach(word -> text.append(' ').append(word.contains(" ") ? '"' + word + '"' : word));
        return text.toString();
    }
}
