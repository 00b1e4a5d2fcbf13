package io.shardlab.cell;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.shardlab.plan.Json;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RemoteValueTest {

    private static Object there(Object value) throws Exception {
        String json = Json.mapper().writeValueAsString(RemoteValue.of(value));
        return Json.mapper().readValue(json, RemoteValue.class).value();
    }

    @Test
    void everyBitArrives() throws Exception {
        assertEquals(Double.NaN, there(Double.NaN));
        assertEquals(-0.0, there(-0.0));
        assertEquals(Long.MIN_VALUE, there(Long.MIN_VALUE));
        assertEquals(true, there(true));
        assertEquals("ü\n\u0000", there("ü\n\u0000"));
        assertArrayEquals(new float[] {1.5f, Float.MIN_VALUE}, (float[]) there(new float[] {1.5f, Float.MIN_VALUE}));
        assertArrayEquals(new int[0][0], (int[][]) there(new int[0][0]));
        assertArrayEquals(new int[][] {{1, 2}, {3, 4}}, (int[][]) there(new int[][] {{1, 2}, {3, 4}}));
        assertArrayEquals(new String[] {"a", ""}, (String[]) there(new String[] {"a", ""}));
    }

    @Test
    void whatCannotBeSentIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> RemoteValue.of(List.of(1)));
        assertThrows(IllegalArgumentException.class, () -> RemoteValue.of(new int[][] {{1}, {2, 3}}));
        assertThrows(IllegalArgumentException.class, () -> RemoteValue.of(new double[(8 << 20) / 8 + 1]));
    }
}
