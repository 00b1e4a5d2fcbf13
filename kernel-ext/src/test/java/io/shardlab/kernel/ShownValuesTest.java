package io.shardlab.kernel;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.dflib.jjava.jupyter.kernel.JupyterIO;
import org.junit.jupiter.api.Test;

final class ShownValuesTest {
    private final CellOutput cell = CellOutput.of(new JupyterIO(StandardCharsets.UTF_8));
    private final ShownValues shown = new ShownValues();

    @Test
    void aValueIsTakenOnce() {
        Object value = new Object();
        shown.add(value, cell);
        assertTrue(shown.take(value, cell));
        assertFalse(shown.take(value, cell));
    }

    @Test
    void equalIsNotTheSame() {
        shown.add(new StringBuilder("x").toString(), cell);
        assertFalse(shown.take(new StringBuilder("x").toString(), cell));
    }
}
