package io.shardlab.kernel;

import io.shardlab.magics.session.ShardException;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts values of the notebook's variables into the words of a magic: {@code %shard train --steps ${steps}}.
 *
 * <p>JJava hands words over as they were typed. Only plain names are looked up, so that no word of a prompt is ever run as
 * code, and a value stays one word, blanks and all.
 */
final class NotebookVariables {
    private static final Pattern NAME = Pattern.compile("\\$\\{([^}]*)}");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private final Function<String, Object> value;

    /** @param value of a variable by name; throws whatever the kernel throws when there is none */
    NotebookVariables(Function<String, Object> value) {
        this.value = value;
    }

    /** The words with every {@code ${name}} replaced. */
    List<String> in(List<String> words) {
        return words.stream().map(this::in).toList();
    }

    private String in(String word) {
        return NAME.matcher(word).replaceAll(found -> Matcher.quoteReplacement(text(found.group(), found.group(1))));
    }

    private String text(String token, String name) {
        if (!PLAIN.matcher(name).matches()) {
            throw new ShardException(
                    token + " is not the name of a variable; allowed between ${ and }: one Java name, such as"
                            + " ${steps}; compute what you need in a variable first");
        }
        Object found;
        try {
            found = value.apply(name);
        } catch (RuntimeException missing) {
            throw new ShardException(token + ": this notebook has no variable " + name
                    + "; declare it in a cell before, such as `int " + name + " = 20;`");
        }
        return String.valueOf(found);
    }
}
