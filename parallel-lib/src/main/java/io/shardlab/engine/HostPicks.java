package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/** One element of each row of [N,V], chosen by ids. */
record HostPicks(int width) {

    /** Σ over n of values[n, ids[n]], in double precision and in order. */
    double sum(TensorType type, LongBuffer ids, ByteBuffer values) {
        double sum = 0;
        if (type == TensorType.FLOAT32) {
            FloatBuffer floats = values.asFloatBuffer();
            for (int n = 0; n < ids.limit(); n++) {
                sum += floats.get(place(ids, n));
            }
        } else {
            DoubleBuffer doubles = values.asDoubleBuffer();
            for (int n = 0; n < ids.limit(); n++) {
                sum += doubles.get(place(ids, n));
            }
        }
        return sum;
    }

    /** Adds one number to all of them. */
    void add(TensorType type, LongBuffer ids, ByteBuffer values, double number) {
        if (type == TensorType.FLOAT32) {
            FloatBuffer floats = values.asFloatBuffer();
            for (int n = 0; n < ids.limit(); n++) {
                floats.put(place(ids, n), floats.get(place(ids, n)) + (float) number);
            }
        } else {
            DoubleBuffer doubles = values.asDoubleBuffer();
            for (int n = 0; n < ids.limit(); n++) {
                doubles.put(place(ids, n), doubles.get(place(ids, n)) + number);
            }
        }
    }

    private int place(LongBuffer ids, int n) {
        long id = ids.get(n);
        if (id < 0 || id >= width) {
            throw new IndexOutOfBoundsException("target " + id + " of row " + n + " is not below " + width);
        }
        return Math.toIntExact((long) n * width + id);
    }
}
