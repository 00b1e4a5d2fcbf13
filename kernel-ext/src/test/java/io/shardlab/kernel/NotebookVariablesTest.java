package io.shardlab.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.session.ShardException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class NotebookVariablesTest {

    private static final Map<String, Object> DECLARED =
            Map.of("steps", 20, "text", "two words", "price", "$1 ${steps}");

    private static List<String> in(String... words) {
        return new NotebookVariables(
                        name -> Optional.ofNullable(DECLARED.get(name)).orElseThrow())
                .in(List.of(words));
    }

    private static String refusal(String word) {
        return String.valueOf(assertThrows(ShardException.class, () -> in(word)).getMessage());
    }

    @Test
    void aNameBetweenBracesIsReplacedByItsValueWhereverItStands() {
        assertEquals(List.of("--steps", "20"), in("--steps", "${steps}"));
        assertEquals(List.of("--steps=20", "tp=20,pp=20"), in("--steps=${steps}", "tp=${steps},pp=${steps}"));
    }

    @Test
    void aValueStaysOneWordAndIsNotReadAgain() {
        assertEquals(List.of("two words"), in("${text}"));
        assertEquals(List.of("$1 ${steps}"), in("${price}"));
    }

    @Test
    void whatIsNotANameBetweenBracesStays() {
        assertEquals(List.of("$steps", "{steps}", "1.20$", "${steps"), in("$steps", "{steps}", "1.20$", "${steps"));
    }

    @Test
    void anUnknownNameIsRefusedAndNothingElseIsEverRunAsCode() {
        String unknown = refusal("${stepz}");
        assertTrue(unknown.startsWith("${stepz}: this notebook has no variable stepz"), unknown);
        for (String code : List.of("${steps * 2}", "${System.exit(1)}", "${}", "${1}")) {
            String refused = refusal(code);
            assertTrue(refused.startsWith(code + " is not the name of a variable"), refused);
        }
    }
}
