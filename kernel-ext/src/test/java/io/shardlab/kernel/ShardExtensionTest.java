package io.shardlab.kernel;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.ServiceLoader;
import org.dflib.jjava.jupyter.Extension;
import org.junit.jupiter.api.Test;

final class ShardExtensionTest {

    @Test
    void theKernelFindsTheExtension() {
        List<? extends Class<?>> found = ServiceLoader.load(Extension.class).stream()
                .map(ServiceLoader.Provider::type)
                .filter(ShardExtension.class::equals)
                .toList();
        assertEquals(List.of(ShardExtension.class), found);
    }

    /** An exception in install kills the kernel before it has answered anything, whatever the cause. */
    @Test
    @SuppressWarnings("NullAway")
    void installNeverThrows() {
        assertDoesNotThrow(() -> new ShardExtension().install(null));
    }

    @Test
    @SuppressWarnings("NullAway")
    void uninstallTwiceIsHarmless() {
        ShardExtension extension = new ShardExtension();
        assertDoesNotThrow(() -> {
            extension.uninstall(null);
            extension.uninstall(null);
        });
    }

    @Test
    void outsideASnippetAValueCountsAsWanted() {
        assertFalse(SnippetFrame.leavesValueUnnamed());
    }
}
