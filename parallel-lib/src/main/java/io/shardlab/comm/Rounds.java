package io.shardlab.comm;

import io.shardlab.tensor.TensorType;
import io.shardlab.transport.MismatchedCall;
import io.shardlab.transport.Pacer;
import io.shardlab.transport.PeerTimeout;
import io.shardlab.transport.Ranks;
import io.shardlab.transport.Windows;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * The rounds of a group: each is one announcement by every member, and a wait for all others'.
 *
 * <p>A window has two halves, used in turn, and a half has two areas. What is written into the <em>in</em> area before
 * a round is read by the others after it; what is written into the <em>out</em> area after a round is read after the
 * next one. Nobody can be more than one round ahead, so when a half comes up again all have read it: no second
 * announcement is needed.
 */
final class Rounds {

    private final Windows windows;
    private final Pacer pacer;
    private final int size;
    private final int me;
    private final int inBytes;
    private final int halfBytes;
    private long round;
    private long sequence;
    private long call;
    private long elements;
    private long detail;

    Rounds(Windows windows) {
        this.windows = windows;
        this.pacer = windows.pacer();
        this.size = windows.group().size();
        this.me = windows.index();
        int unit = Double.BYTES * size;
        int numUnits = windows.dataBytes() / 2 / (unit + Double.BYTES);
        this.inBytes = numUnits * unit;
        this.halfBytes = numUnits * (unit + Double.BYTES);
    }

    /** The length of an in area, a multiple of size × 8. */
    int inBytes() {
        return inBytes;
    }

    /** Begins a call; its three words go with every announcement. */
    void begin(Operation operation, TensorType type, long numElements, long callDetail) {
        windows.checkFaults();
        call = sequence++ << 16 | (long) operation.ordinal() << 8 | type.ordinal();
        elements = numElements;
        detail = callDetail;
    }

    /** Where in its window a member writes before the next round. */
    int inArea() {
        return (int) ((round + 1) & 1) * halfBytes;
    }

    /** Where in their windows the others have written before the round that has just been met. */
    int takenArea() {
        return (int) (round & 1) * halfBytes;
    }

    /** Where in its window a member writes after the round that has just been met. */
    int outArea() {
        return (int) (round & 1) * halfBytes + inBytes;
    }

    /**
     * Announces the next round.
     *
     * @param bytes that this member sends with it, for a simulated link
     */
    void announce(long bytes) {
        round++;
        windows.publish(round, call, elements, detail, bytes);
        pacer.restart();
    }

    /** Whether all members have announced the round. */
    boolean met() {
        boolean same = true;
        for (int member = 0; member < size; member++) {
            if (windows.reached(member) < round || !windows.hasArrived(member, round)) {
                return false;
            }
            same &= windows.word(member, round, 0) == call
                    && windows.word(member, round, 1) == elements
                    && windows.word(member, round, 2) == detail;
        }
        if (!same) {
            throw mismatch();
        }
        return true;
    }

    /** Passes a little time while the round is not met; a member that does not come in time is a failure. */
    void pause() {
        for (int member = 0; member < size; member++) {
            if (windows.reached(member) < round) {
                if (!pacer.pause()) {
                    throw timeout();
                }
                return;
            }
        }
        for (int member = 0; member < size; member++) {
            if (!windows.hasArrived(member, round)) {
                windows.napUntilArrival(member, round);
                return;
            }
        }
    }

    void reset() {
        round = 0;
        sequence = 0;
    }

    private PeerTimeout timeout() {
        List<Integer> missing = new ArrayList<>();
        List<Integer> present = new ArrayList<>();
        for (int member = 0; member < size; member++) {
            boolean came = windows.reached(member) >= round;
            (came ? present : missing).add(windows.group().ranks().get(member));
        }
        String late = operation(call).label() + " #" + (call >>> 16) + " of group "
                + windows.group().name();
        return pacer.timeout(Ranks.text(missing) + " did not reach " + late, Ranks.text(present) + " did");
    }

    private MismatchedCall mismatch() {
        StringJoiner calls = new StringJoiner(", ");
        for (int member = 0; member < size; member++) {
            calls.add("rank " + windows.group().ranks().get(member) + " called " + signature(member));
        }
        return new MismatchedCall("group " + windows.group().name() + ": calls do not belong together: " + calls);
    }

    private String signature(int member) {
        long theirs = windows.word(member, round, 0);
        Operation operation = operation(theirs);
        StringBuilder text = new StringBuilder(operation.label() + " #" + (theirs >>> 16));
        if (operation != Operation.BARRIER) {
            text.append(" of ").append(windows.word(member, round, 1)).append(' ');
            boolean bytes = operation == Operation.BROADCAST;
            text.append(bytes ? "bytes" : TensorType.values()[(int) (theirs & 0xff)].toString());
        }
        long theirDetail = windows.word(member, round, 2);
        switch (operation) {
            case BROADCAST -> text.append(" from member ").append(theirDetail);
            case ALL_REDUCE -> text.append(theirDetail > 0 ? " in chunks of " + theirDetail + " bytes" : "");
            case ALL_GATHER, REDUCE_SCATTER -> text.append(" in parts ").append(Long.toHexString(theirDetail));
            default -> {}
        }
        return text.toString();
    }

    private static Operation operation(long call) {
        return Operation.values()[(int) (call >>> 8 & 0xff)];
    }
}
