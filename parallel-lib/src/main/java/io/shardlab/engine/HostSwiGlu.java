package io.shardlab.engine;

import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;

/**
 * The element-wise part of SwiGLU in loops over storage in main memory, in blocks that stay in the first-level cache.
 *
 * <p>With gate a, its sigmoid s, and up b: y = a·s·b; of g = dL/dy, db = g·a·s and da = g·b·s·(1 + a·(1 − s)).
 */
record HostSwiGlu(TensorType type) {

    private static final int BLOCK = 256;

    /** y of gate, sigmoid and up. */
    void forward(ByteBuffer gate, ByteBuffer sigmoid, ByteBuffer up, ByteBuffer y) {
        if (type == TensorType.FLOAT32) {
            forward(gate.asFloatBuffer(), sigmoid.asFloatBuffer(), up.asFloatBuffer(), y.asFloatBuffer());
        } else {
            forward(gate.asDoubleBuffer(), sigmoid.asDoubleBuffer(), up.asDoubleBuffer(), y.asDoubleBuffer());
        }
    }

    /** Puts da in the place of gate, db in that of up, and y in that of the sigmoid. */
    void backward(ByteBuffer g, ByteBuffer gate, ByteBuffer sigmoid, ByteBuffer up) {
        if (type == TensorType.FLOAT32) {
            backward(g.asFloatBuffer(), gate.asFloatBuffer(), sigmoid.asFloatBuffer(), up.asFloatBuffer());
        } else {
            backward(g.asDoubleBuffer(), gate.asDoubleBuffer(), sigmoid.asDoubleBuffer(), up.asDoubleBuffer());
        }
    }

    private static void forward(FloatBuffer gate, FloatBuffer sigmoid, FloatBuffer up, FloatBuffer y) {
        float[] a = new float[BLOCK];
        float[] s = new float[BLOCK];
        float[] b = new float[BLOCK];
        for (int start = 0; start < gate.limit(); start += BLOCK) {
            int count = Math.min(BLOCK, gate.limit() - start);
            gate.get(start, a, 0, count);
            sigmoid.get(start, s, 0, count);
            up.get(start, b, 0, count);
            for (int i = 0; i < count; i++) {
                a[i] = a[i] * s[i] * b[i];
            }
            y.put(start, a, 0, count);
        }
    }

    private static void backward(FloatBuffer g, FloatBuffer gate, FloatBuffer sigmoid, FloatBuffer up) {
        float[] a = new float[BLOCK];
        float[] s = new float[BLOCK];
        float[] b = new float[BLOCK];
        float[] d = new float[BLOCK];
        for (int start = 0; start < gate.limit(); start += BLOCK) {
            int count = Math.min(BLOCK, gate.limit() - start);
            g.get(start, d, 0, count);
            gate.get(start, a, 0, count);
            sigmoid.get(start, s, 0, count);
            up.get(start, b, 0, count);
            backward(d, a, s, b, count);
            gate.put(start, a, 0, count);
            sigmoid.put(start, s, 0, count);
            up.put(start, b, 0, count);
        }
    }

    private static void backward(float[] d, float[] a, float[] s, float[] b, int count) {
        for (int i = 0; i < count; i++) {
            float silu = a[i] * s[i];
            float slope = s[i] * (1 + a[i] * (1 - s[i]));
            a[i] = d[i] * b[i] * slope;
            s[i] = silu * b[i];
            b[i] = d[i] * silu;
        }
    }

    private static void forward(DoubleBuffer gate, DoubleBuffer sigmoid, DoubleBuffer up, DoubleBuffer y) {
        for (int i = 0; i < gate.limit(); i++) {
            y.put(i, gate.get(i) * sigmoid.get(i) * up.get(i));
        }
    }

    private static void backward(DoubleBuffer g, DoubleBuffer gate, DoubleBuffer sigmoid, DoubleBuffer up) {
        for (int i = 0; i < gate.limit(); i++) {
            double a = gate.get(i);
            double s = sigmoid.get(i);
            double b = up.get(i);
            double d = g.get(i);
            gate.put(i, d * b * s * (1 + a * (1 - s)));
            sigmoid.put(i, a * s * b);
            up.put(i, d * a * s);
        }
    }
}
