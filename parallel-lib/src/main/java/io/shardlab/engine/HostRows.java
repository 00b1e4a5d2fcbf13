package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.stream.IntStream;

/**
 * Rows of a table that are chosen by ids.
 *
 * <p>Rows with one id are summed first and added to the table then. So what a call adds does not depend on what is in the
 * table, and calls summed on several data ranks give the bits of the same calls one after the other.
 */
record HostRows(int width) {

    /** Adds row n of {@code values} to row ids[n] of {@code table}, in order of n; rows whose id is below 0 are left out. */
    void add(TensorType type, LongBuffer ids, ByteBuffer values, ByteBuffer table) {
        int[] rows = IntStream.range(0, ids.limit())
                .filter(n -> ids.get(n) >= 0)
                .boxed()
                .sorted((a, b) -> Long.compare(ids.get(a), ids.get(b)))
                .mapToInt(Integer::intValue)
                .toArray();
        int start = 0;
        while (start < rows.length) {
            long id = ids.get(rows[start]);
            int end = start + 1;
            while (end < rows.length && ids.get(rows[end]) == id) {
                end++;
            }
            int to = Math.toIntExact(id * width);
            if (type == TensorType.FLOAT32) {
                add(values.asFloatBuffer(), rows, start, end, table.asFloatBuffer(), to);
            } else {
                add(values.asDoubleBuffer(), rows, start, end, table.asDoubleBuffer(), to);
            }
            start = end;
        }
    }

    private void add(FloatBuffer values, int[] rows, int start, int end, FloatBuffer table, int to) {
        float[] sum = new float[width];
        float[] next = new float[width];
        values.get(rows[start] * width, sum);
        for (int n = start + 1; n < end; n++) {
            values.get(rows[n] * width, next);
            addTo(sum, next);
        }
        table.get(to, next);
        addTo(next, sum);
        table.put(to, next);
    }

    private static void addTo(float[] sum, float[] next) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += next[i];
        }
    }

    private void add(DoubleBuffer values, int[] rows, int start, int end, DoubleBuffer table, int to) {
        double[] sum = new double[width];
        double[] next = new double[width];
        values.get(rows[start] * width, sum);
        for (int n = start + 1; n < end; n++) {
            values.get(rows[n] * width, next);
            addTo(sum, next);
        }
        table.get(to, next);
        addTo(next, sum);
        table.put(to, next);
    }

    private static void addTo(double[] sum, double[] next) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += next[i];
        }
    }
}
