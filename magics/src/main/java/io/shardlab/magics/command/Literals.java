package io.shardlab.magics.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.shardlab.plan.Json;
import java.lang.reflect.Array;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.lang.model.SourceVersion;

/** Values as people write them behind a name: {@code x=3.5 v=[1, 2, 3] note=first try}. */
final class Literals {

    private static final Pattern START = Pattern.compile("(?:^|\\s)([A-Za-z_$][\\w$]*)=");
    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]{1,18}");
    private static final Pattern DECIMAL = Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?");

    private Literals() {}

    /** Whether a word can be the name of a variable. */
    static boolean isName(String word) {
        return SourceVersion.isIdentifier(word) && !SourceVersion.isKeyword(word);
    }

    /** Names and the text behind each; the magic's line was split at blanks, quotes are gone. */
    static Map<String, String> assignments(List<String> words) {
        String line = String.join(" ", words);
        Matcher start = START.matcher(line);
        Map<String, String> found = new LinkedHashMap<>();
        String name = "";
        int from = 0;
        while (start.find()) {
            if (name.isEmpty() && !line.substring(0, start.start()).isBlank()) {
                break;
            }
            if (!name.isEmpty()) {
                put(found, name, line.substring(from, start.start()));
            }
            name = start.group(1);
            from = start.end();
        }
        if (name.isEmpty()) {
            throw new IllegalArgumentException("push needs NAME=VALUE"
                    + (words.isEmpty() ? "" : ", not '" + words.get(0) + "'")
                    + ": `%shard push x=3.5`, or the NAME of a variable of the notebook: `%shard push x`");
        }
        put(found, name, line.substring(from));
        return found;
    }

    private static void put(Map<String, String> found, String name, String text) {
        if (found.putIfAbsent(name, text.strip()) != null) {
            throw new IllegalArgumentException("push: " + name + " is given twice; give it once");
        }
    }

    /** A number, truth value, text, or array of these. */
    static Object value(String name, String text) {
        if (!text.startsWith("[")) {
            return single(text);
        }
        try {
            JsonNode tree = Json.mapper().readTree(text);
            int depth = depth(tree);
            Class<?> element = element(name, tree);
            return array(name, tree, element, depth);
        } catch (JsonProcessingException malformed) {
            throw new IllegalArgumentException(
                    "push: " + name + "=" + text + " is not an array such as [1, 2.5] or [[1, 2], [3, 4]]", malformed);
        }
    }

    private static Object single(String text) {
        if (text.equals("true") || text.equals("false")) {
            return Boolean.valueOf(text);
        }
        if (WHOLE.matcher(text).matches()) {
            long whole = Long.parseLong(text);
            return whole == (int) whole ? (Object) (int) whole : (Object) whole;
        }
        return DECIMAL.matcher(text).matches() ? (Object) Double.valueOf(text) : text;
    }

    private static int depth(JsonNode tree) {
        return tree.isArray() ? 1 + (tree.isEmpty() ? 0 : depth(tree.get(0))) : 0;
    }

    /** The narrowest type that holds all elements: int, long, double; or boolean; or String. */
    private static Class<?> element(String name, JsonNode tree) {
        Class<?> widest = void.class;
        for (JsonNode child : tree) {
            Class<?> type = child.isArray()
                    ? element(name, child)
                    : child.isInt()
                            ? int.class
                            : child.isLong()
                                    ? long.class
                                    : child.isNumber()
                                            ? double.class
                                            : child.isBoolean()
                                                    ? boolean.class
                                                    : child.isTextual() ? String.class : Object.class;
            widest = joined(name, widest, type);
        }
        return widest == void.class ? double.class : widest;
    }

    private static Class<?> joined(String name, Class<?> one, Class<?> other) {
        List<Class<?>> numbers = List.of(void.class, int.class, long.class, double.class);
        if (numbers.contains(one) && numbers.contains(other)) {
            return numbers.indexOf(one) > numbers.indexOf(other) ? one : other;
        }
        if ((one == void.class || one == other) && other != Object.class) {
            return other;
        }
        throw new IllegalArgumentException(
                "push: " + name + " mixes types; an array holds numbers, truth values or texts");
    }

    private static Object array(String name, JsonNode tree, Class<?> element, int depth) {
        Class<?> component = element;
        for (int i = 1; i < depth; i++) {
            component = component.arrayType();
        }
        Object array = Array.newInstance(component, tree.size());
        for (int i = 0; i < tree.size(); i++) {
            JsonNode child = tree.get(i);
            if (child.isArray() != (depth > 1)) {
                throw new IllegalArgumentException("push: " + name + " mixes elements and rows");
            }
            Array.set(array, i, depth > 1 ? array(name, child, element, depth - 1) : leaf(child, element));
        }
        return array;
    }

    private static Object leaf(JsonNode child, Class<?> element) {
        if (element == int.class) {
            return child.intValue();
        }
        if (element == long.class) {
            return child.longValue();
        }
        if (element == double.class) {
            return child.doubleValue();
        }
        return element == boolean.class ? (Object) child.booleanValue() : child.textValue();
    }
}
