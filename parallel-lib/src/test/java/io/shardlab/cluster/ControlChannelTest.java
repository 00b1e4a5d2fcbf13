package io.shardlab.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ControlChannelTest {

    @TempDir
    Path folder;

    private ControlChannel near;
    private ControlChannel far;

    @BeforeEach
    void connect() throws Exception {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("s"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            near = channel(SocketChannel.open(address));
            far = channel(server.accept());
        }
    }

    private static ControlChannel channel(SocketChannel socket) {
        return new ControlChannel(socket, "test", complaint -> {
            throw new AssertionError(complaint);
        });
    }

    @AfterEach
    void close() {
        near.close();
        far.close();
    }

    @Test
    void queuedAndDirectMessagesOfAThreadArriveInItsOrder() throws Exception {
        int count = 20_000;
        Thread sender = Daemon.start("sender", () -> send(count));
        for (int i = 1; i <= count; i++) {
            assertEquals(Optional.of(new Message.Cancel(i)), far.receive());
        }
        sender.join();
    }

    private void send(int count) {
        try {
            for (int i = 1; i <= count; i++) {
                if (i % 3 == 0) {
                    near.put(new Message.Cancel(i));
                } else {
                    near.write(new Message.Cancel(i).encode());
                }
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void nobodyWritesPastAMessageThatWaits() throws Exception {
        Message large = new Message.Abort("x".repeat(4 << 20)); // more than a socket takes while nobody reads
        near.put(large);
        assertFalse(near.writeNow(new Message.Cancel(2).encode()), "the first message is still being written");
        assertEquals(Optional.of(large), far.receive());
        near.write(new Message.Cancel(3).encode());
        assertEquals(Optional.of(new Message.Cancel(3)), far.receive());
    }

    @Test
    void aMessageWrittenAtOnceNeedsNoOtherThread() throws Exception {
        long writers = writers();
        assertTrue(near.writeNow(new Message.Cancel(1).encode()));
        assertEquals(Optional.of(new Message.Cancel(1)), far.receive());
        assertEquals(writers, writers());
    }

    private static long writers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("shardlab-write-test"))
                .count();
    }
}
