package io.shardlab.cluster;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * One unit of the control plane on the wire.
 *
 * <p>24 bytes stand before the payload: magic, version, type, two zero bytes, sequence number, payload length, CRC-32 of the
 * payload, CRC-32 of the header. The header has a sum of its own so that a damaged length is noticed at once, not after waiting
 * for bytes that never come.
 */
record Frame(byte type, int sequence, byte[] payload) {

    static final int MAGIC = 0x53484C42;
    static final byte VERSION = 1;
    static final byte MESSAGE = 1;
    static final int HEADER_BYTES = 24;
    static final int MOST_PAYLOAD_BYTES = 64 << 20;

    Frame {
        if (payload.length > MOST_PAYLOAD_BYTES) {
            throw new IllegalArgumentException(
                    "a message of " + payload.length + " bytes is over the limit of " + MOST_PAYLOAD_BYTES);
        }
    }

    ByteBuffer encode() {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + payload.length);
        bytes.putInt(MAGIC).put(VERSION).put(type).putShort((short) 0);
        bytes.putInt(sequence).putInt(payload.length).putInt(crc(payload, 0, payload.length));
        bytes.putInt(crc(bytes.array(), 0, HEADER_BYTES - 4));
        return bytes.put(payload).flip();
    }

    static int crc(byte[] bytes, int offset, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
