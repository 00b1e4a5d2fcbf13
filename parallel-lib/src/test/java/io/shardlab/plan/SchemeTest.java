package io.shardlab.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchemeTest {

    @Test
    void everySchemeReadsBackFromItsPrint() {
        for (int d = 1; d <= 3; d++) {
            for (int p = 1; p <= 3; p++) {
                for (int t = 1; t <= 3; t++) {
                    Scheme scheme = new Scheme(d, p, t);
                    assertEquals(scheme, Scheme.parse(scheme.toString()));
                    assertEquals(d * p * t, scheme.numRanks());
                }
            }
        }
    }

    @Test
    void theOrderOfAxesDoesNotMatter() {
        assertEquals(Scheme.parse("tp=2,pp=3"), Scheme.parse("pp=3, tp=2"));
        assertEquals(Scheme.SINGLE, Scheme.parse("tp=1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "tp", "tp=", "tp=x", "tp=0", "tp=-1", "xp=2", "tp=2,", "tp=2;pp=2", "tp=12345"})
    void malformedSchemesAreRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> Scheme.parse(text));
    }
}
