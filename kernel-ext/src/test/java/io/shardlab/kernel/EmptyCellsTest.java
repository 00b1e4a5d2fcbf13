package io.shardlab.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The kernel gave a cell without a body to its compiler. */
class EmptyCellsTest {

    /** The field and its pattern are those of JJava 1.0a8. */
    public static final class Resolver {
        private final Pattern cellMagicPattern;

        Resolver(String pattern) {
            cellMagicPattern = Pattern.compile(pattern);
        }

        Matcher match(String cell) {
            Matcher matcher = cellMagicPattern.matcher(cell);
            assertTrue(matcher.matches(), cell);
            return matcher;
        }
    }

    /** A kernel, as far as its magics are concerned. */
    public record Kernel(Resolver resolver) {
        public Resolver getMagicsResolver() {
            return resolver;
        }
    }

    @Test
    void aMagicAloneIsACellWithAnEmptyBody() {
        Resolver resolver = new Resolver("^(?<argsLine>%%(?<args>\\w.*?))\\R(?<body>(?sU).+?)$");
        assertTrue(EmptyCells.reach(new Kernel(resolver)));
        for (String alone : new String[] {"%%shard -t 0", "%%shard -t 0\n"}) {
            assertEquals("shard -t 0", resolver.match(alone).group("args"));
            assertEquals("", resolver.match(alone).group("body"));
        }
        Matcher full = resolver.match("%%shard -t 0\nint a;\nint b;\n");
        assertEquals("shard -t 0", full.group("args"));
        assertEquals("int a;\nint b;\n", full.group("body"));
    }

    @Test
    void aKernelThatReadsMagicsOtherwiseIsLeftAlone() {
        assertFalse(EmptyCells.reach(new Object()));
        assertFalse(EmptyCells.reach(new Kernel(new Resolver("%%.*"))));
    }
}
