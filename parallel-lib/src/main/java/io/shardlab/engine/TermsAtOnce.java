package io.shardlab.engine;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.shardlab.engine.Blas.Matrix;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/**
 * How many terms {@code gemm} adds up before it looks at what they are added to.
 *
 * <p>Up to that many, C ← A·B + C gives the bits of the product added afterwards; beyond, the product is added block by block.
 * It is the processor's business: 384 with AVX-512; on AMD's Zen 192 in single and none in double precision, where the kernel
 * begins with C. So it is found by trying, on products of several shapes.
 */
final class TermsAtOnce {

    private static final int[] CANDIDATES = {384, 256, 192, 128, 64, 32};
    private static final int[][] SHAPES = {{5, 17}, {48, 96}, {100, 40}};
    private static final int NO_TERM = 0;

    private final Blas blas;
    private final boolean wide;
    private final Random random = new Random(1);

    private TermsAtOnce(Blas blas, boolean wide) {
        this.blas = blas;
        this.wide = wide;
    }

    /** Tries it; some milliseconds. */
    static int of(Blas blas, boolean wide) {
        TermsAtOnce probe = new TermsAtOnce(blas, wide);
        for (int terms : CANDIDATES) {
            if (probe.addsAfterwards(terms) && probe.addsAfterwards(terms - 1)) {
                return terms;
            }
        }
        return NO_TERM;
    }

    private boolean addsAfterwards(int terms) {
        for (int[] shape : SHAPES) {
            if (!addsAfterwards(shape[0], terms, shape[1])) {
                return false;
            }
        }
        return true;
    }

    private boolean addsAfterwards(int rows, int terms, int columns) {
        ByteBuffer a = numbers(terms * rows);
        ByteBuffer b = numbers(terms * columns);
        ByteBuffer sum = numbers(rows * columns);
        ByteBuffer product = numbers(rows * columns);
        ByteBuffer before = ByteBuffer.allocate(sum.capacity()).order(ByteOrder.nativeOrder());
        before.put(0, sum, 0, sum.capacity());
        Matrix left = matrix(a, terms, rows).transpose();
        Matrix right = matrix(b, terms, columns);
        blas.multiply(1, left, right, 0, matrix(product, rows, columns));
        blas.multiply(1, left, right, 1, matrix(sum, rows, columns));
        // A matrix is an address: nothing else keeps its numbers from the collector.
        Reference.reachabilityFence(a);
        Reference.reachabilityFence(b);
        for (int at = 0; at < sum.capacity(); at += wide ? Double.BYTES : Float.BYTES) {
            boolean same = wide
                    ? sum.getDouble(at) == before.getDouble(at) + product.getDouble(at)
                    : sum.getFloat(at) == before.getFloat(at) + product.getFloat(at);
            if (!same) {
                return false;
            }
        }
        return true;
    }

    private ByteBuffer numbers(int count) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(count * (wide ? Double.BYTES : Float.BYTES))
                .order(ByteOrder.nativeOrder());
        while (buffer.hasRemaining()) {
            if (wide) {
                buffer.putDouble(random.nextDouble() - 0.5);
            } else {
                buffer.putFloat(random.nextFloat() - 0.5f);
            }
        }
        return buffer.clear();
    }

    private Matrix matrix(ByteBuffer numbers, int rows, int columns) {
        long address = Pointer.nativeValue(Native.getDirectBufferPointer(numbers));
        return new Matrix(wide, address, rows, columns, columns, false);
    }
}
