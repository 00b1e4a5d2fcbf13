import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * One AdamW step on 26 million elements: through arrays, block by block, as the engine does it on JDK 17, and with the Vector
 * API on memory segments. Prints milliseconds. To reproduce, with JDK 22 or newer:
 *
 * <pre>java --add-modules jdk.incubator.vector bench/java25/AdamWKernels.java</pre>
 */
final class AdamWKernels {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int ELEMENTS = 25 << 20;
    private static final int BLOCK = 1024;
    private static final int WARM = 7;
    private static final int TIMED = 5;

    private static void blocks(FloatBuffer w, FloatBuffer g, FloatBuffer m, FloatBuffer v, float[][] block) {
        for (int start = 0; start < ELEMENTS; start += BLOCK) {
            w.get(start, block[0]);
            g.get(start, block[1]);
            m.get(start, block[2]);
            v.get(start, block[3]);
            update(block[0], block[1], block[2], block[3]);
            w.put(start, block[0]);
            m.put(start, block[2]);
            v.put(start, block[3]);
        }
    }

    private static void update(float[] w, float[] g, float[] m, float[] v) {
        for (int i = 0; i < BLOCK; i++) {
            float gradient = g[i] * 0.9f;
            m[i] = 0.9f * m[i] + 0.1f * gradient;
            v[i] = 0.999f * v[i] + 0.001f * gradient * gradient;
            w[i] = 0.99999f * w[i] - 1e-3f * m[i] / ((float) Math.sqrt(v[i]) * 1.1f + 1e-8f);
        }
    }

    private static void vectors(MemorySegment w, MemorySegment g, MemorySegment m, MemorySegment v) {
        for (int i = 0; i < ELEMENTS; i += SPECIES.length()) {
            long at = 4L * i;
            FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, g, at, ORDER).mul(0.9f);
            FloatVector first =
                    FloatVector.fromMemorySegment(SPECIES, m, at, ORDER).mul(0.9f).add(gradient.mul(0.1f));
            FloatVector second = FloatVector.fromMemorySegment(SPECIES, v, at, ORDER)
                    .mul(0.999f)
                    .add(gradient.mul(0.001f).mul(gradient));
            FloatVector weight = FloatVector.fromMemorySegment(SPECIES, w, at, ORDER)
                    .mul(0.99999f)
                    .sub(first.mul(1e-3f).div(second.sqrt().mul(1.1f).add(1e-8f)));
            first.intoMemorySegment(m, at, ORDER);
            second.intoMemorySegment(v, at, ORDER);
            weight.intoMemorySegment(w, at, ORDER);
        }
    }

    public static void main(String[] args) {
        MemorySegment[] segments = new MemorySegment[4];
        FloatBuffer[] buffers = new FloatBuffer[4];
        float[] start = {0.1f, 0.01f, 0.1f, 1e-4f}; // weight, gradient, moments: nothing denormal, which would be slow
        for (int k = 0; k < 4; k++) {
            segments[k] = Arena.global().allocate(4L * ELEMENTS, 64);
            for (int i = 0; i < ELEMENTS; i++) {
                segments[k].setAtIndex(ValueLayout.JAVA_FLOAT, i, start[k] * (1 + i % 97 / 97f));
            }
            buffers[k] = segments[k].asByteBuffer().order(ORDER).asFloatBuffer();
        }
        float[][] block = new float[4][BLOCK];
        for (int round = 0; round < WARM + TIMED; round++) {
            long begun = System.nanoTime();
            blocks(buffers[0], buffers[1], buffers[2], buffers[3], block);
            long between = System.nanoTime();
            vectors(segments[0], segments[1], segments[2], segments[3]);
            long ended = System.nanoTime();
            if (round >= WARM) {
                System.out.printf("blocks %.1f ms, vectors %.1f ms%n", (between - begun) / 1e6, (ended - between) / 1e6);
            }
        }
    }
}
