package io.shardlab.cluster;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.shardlab.plan.Json;
import io.shardlab.run.CellBytes;
import io.shardlab.run.Event;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What kernel and worker tell each other over their control lines: JSON, but for {@link BriefCell}. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "message")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Message.Hello.class, name = "hello"),
    @JsonSubTypes.Type(value = Message.Ask.class, name = "ask"),
    @JsonSubTypes.Type(value = Message.Cancel.class, name = "cancel"),
    @JsonSubTypes.Type(value = Message.Release.class, name = "release"),
    @JsonSubTypes.Type(value = Message.Abort.class, name = "abort"),
    @JsonSubTypes.Type(value = Message.Exit.class, name = "exit"),
    @JsonSubTypes.Type(value = Message.Said.class, name = "said"),
    @JsonSubTypes.Type(value = Message.Answer.class, name = "answer")
})
sealed interface Message {

    /** Version of these messages; both sides must have the same. */
    int PROTOCOL = 2;

    /** The two connections of a worker. */
    enum Line {
        /** Requests, and all that the worker says: read by the thread that computes, between requests. */
        REQUESTS,
        /** What must be heard while the worker computes: read by a thread that does nothing else. */
        SIGNALS
    }

    /** Worker: here I am, on this line. */
    record Hello(int protocol, String nonce, int rank, long pid, Line line) implements Message {

        private static final int LONGEST = 256;

        /** What {@link #encode} writes. */
        private static final Pattern NOTATION = Pattern.compile("\\{\"message\":\"hello\",\"protocol\":(\\d{1,9}),"
                + "\"nonce\":\"(\\p{XDigit}{1,64})\",\"rank\":(\\d{1,9}),\"pid\":(\\d{1,18}),"
                + "\"line\":\"(REQUESTS|SIGNALS)\"\\}");

        /** Without the JSON library, which is slow to load; a nonce is hexadecimal. */
        @Override
        public byte[] encode() {
            String json = "{\"message\":\"hello\",\"protocol\":" + protocol + ",\"nonce\":\"" + nonce + "\",\"rank\":"
                    + rank + ",\"pid\":" + pid + ",\"line\":\"" + line + "\"}";
            return json.getBytes(StandardCharsets.UTF_8);
        }
    }

    /** Kernel: execute this; {@code id} counts from 1. */
    record Ask(long id, Request request) implements Message {
        @Override
        public byte[] encode() throws JsonProcessingException {
            return CellBytes.say(request) ? BriefCell.encode(this) : Message.super.encode();
        }
    }

    /** Kernel: stop everything asked up to {@code through} at the next micro-batch. */
    record Cancel(long through) implements Message {}

    /** Kernel: a rank has failed in this request, do not wait for it; go on otherwise. */
    record Release(long id) implements Message {}

    /** Kernel: a peer is gone, wait for nothing any more. */
    record Abort(String cause) implements Message {}

    /** Kernel: end yourself. */
    record Exit() implements Message {}

    /** Worker: something happened on the way. */
    record Said(Event event) implements Message {}

    /** Worker: done; {@code printedBytes} and {@code errorBytes} were printed until then. */
    record Answer(long id, Reply reply, long printedBytes, long errorBytes) implements Message {
        @Override
        public byte[] encode() throws JsonProcessingException {
            return CellBytes.say(reply) ? BriefCell.encode(this) : Message.super.encode();
        }
    }

    default byte[] encode() throws JsonProcessingException {
        return Json.mapper().writerFor(Message.class).writeValueAsBytes(this);
    }

    static Message decode(byte[] json) throws IOException {
        if (BriefCell.begins(json)) {
            return BriefCell.decode(json);
        }
        if (json.length > Hello.LONGEST) {
            return Json.mapper().readValue(json, Message.class);
        }
        Matcher hello = Hello.NOTATION.matcher(new String(json, StandardCharsets.ISO_8859_1));
        if (hello.matches()) {
            return new Hello(
                    Integer.parseInt(hello.group(1)),
                    hello.group(2),
                    Integer.parseInt(hello.group(3)),
                    Long.parseLong(hello.group(4)),
                    Line.valueOf(hello.group(5)));
        }
        return Json.mapper().readValue(json, Message.class);
    }
}
