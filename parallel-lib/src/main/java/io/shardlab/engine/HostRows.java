package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/** Rows of a table that are chosen by ids. */
record HostRows(int width) {

    /** Adds row n of {@code values} to row ids[n] of {@code table}, in order of n; rows whose id is below 0 are left out. */
    void add(TensorType type, LongBuffer ids, ByteBuffer values, ByteBuffer table) {
        if (type == TensorType.FLOAT32) {
            FloatBuffer from = values.asFloatBuffer();
            FloatBuffer to = table.asFloatBuffer();
            float[] row = new float[width];
            float[] sum = new float[width];
            for (int n = 0; n < ids.limit(); n++) {
                if (ids.get(n) < 0) {
                    continue;
                }
                int start = Math.toIntExact(ids.get(n) * width);
                from.get(n * width, row);
                to.get(start, sum);
                for (int i = 0; i < width; i++) {
                    sum[i] += row[i];
                }
                to.put(start, sum);
            }
        } else {
            DoubleBuffer from = values.asDoubleBuffer();
            DoubleBuffer to = table.asDoubleBuffer();
            for (int n = 0; n < ids.limit(); n++) {
                if (ids.get(n) < 0) {
                    continue;
                }
                int start = Math.toIntExact(ids.get(n) * width);
                for (int i = 0; i < width; i++) {
                    to.put(start + i, to.get(start + i) + from.get(n * width + i));
                }
            }
        }
    }
}
