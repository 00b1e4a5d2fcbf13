package io.shardlab.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Matrix products into storage that exists: C ← α·A·B + β·C, by the {@code gemm} that libtorch itself calls.
 *
 * <p>DJL's products always give a new array. Gradients that add up would then cost a temporary of the weight's size and a
 * second pass over it, and heads of attention, which lie side by side in a row, a copy each way. The routines are found in
 * the library that the engine has loaded; where it does not show them, segments use the engine's operators and autograd.
 * Owned by one thread.
 */
final class Blas {

    private static final int NO_LOAD = 4;
    private static final int LAZY = 1;
    private static final int SIZES = 8;
    private static final int ALPHA = 32;
    private static final int BETA = 40;
    private static final int UNKNOWN = -1;

    /** The Fortran interface: every argument is an address. */
    private static final class Routines {
        static final boolean FOUND = bind();

        private Routines() {}

        private static boolean bind() {
            try {
                int flags = Platform.isLinux() ? LAZY | NO_LOAD : LAZY;
                Native.register(
                        Routines.class,
                        NativeLibrary.getInstance("torch_cpu", Map.of(Library.OPTION_OPEN_FLAGS, flags)));
                return true;
            } catch (UnsatisfiedLinkError e) {
                return false;
            }
        }

        static native void sgemm_(
                long transA,
                long transB,
                long m,
                long n,
                long k,
                long alpha,
                long a,
                long strideA,
                long b,
                long strideB,
                long beta,
                long c,
                long strideC);

        static native void dgemm_(
                long transA,
                long transB,
                long m,
                long n,
                long k,
                long alpha,
                long a,
                long strideA,
                long b,
                long strideB,
                long beta,
                long c,
                long strideC);

        static native void saxpy_(long n, long alpha, long x, long stepX, long y, long stepY);

        static native void daxpy_(long n, long alpha, long x, long stepX, long y, long stepY);
    }

    /**
     * A matrix in main memory, row-major; valid while the array it was made of lives.
     *
     * @param rows as stored
     * @param columns as stored
     * @param stride elements from row to row
     * @param transposed whether products read it the other way round
     */
    record Matrix(boolean wide, long address, int rows, int columns, int stride, boolean transposed) {

        /** All dimensions but the last of an array are rows. */
        static Matrix of(NDArray array) {
            Shape shape = array.getShape();
            int columns = Math.toIntExact(shape.get(shape.dimension() - 1));
            int rows = Math.toIntExact(shape.size() / columns);
            long address = Pointer.nativeValue(Native.getDirectBufferPointer(DjlTensor.storage(array)));
            return new Matrix(array.getDataType() == DataType.FLOAT64, address, rows, columns, columns, false);
        }

        Matrix transpose() {
            return new Matrix(wide, address, rows, columns, stride, !transposed);
        }

        /** The block that begins at a row and a column. */
        Matrix block(int row, int column, int numRows, int numColumns) {
            long offset = ((long) row * stride + column) * (wide ? Double.BYTES : Float.BYTES);
            return new Matrix(wide, address + offset, numRows, numColumns, stride, transposed);
        }

        private int height() {
            return transposed ? columns : rows;
        }

        private int width() {
            return transposed ? rows : columns;
        }
    }

    private final ByteBuffer arguments = ByteBuffer.allocateDirect(64).order(ByteOrder.nativeOrder());
    private final long address = Pointer.nativeValue(Native.getDirectBufferPointer(arguments));

    private final int[] termsAtOnce = {UNKNOWN, UNKNOWN};

    private Runnable between = () -> {};

    private Blas() {
        arguments.put(0, (byte) 'N').put(1, (byte) 'T');
    }

    /** The routines of the engine that this process has loaded. */
    static Optional<Blas> ofEngine() {
        return Routines.FOUND ? Optional.of(new Blas()) : Optional.empty();
    }

    /** Sets what is done after each large product. */
    void between(Runnable work) {
        between = work;
    }

    /** As {@link #multiply}, for products that take milliseconds: then lets others have a word. */
    void multiplyLarge(double alpha, Matrix a, Matrix b, double beta, Matrix c) {
        multiply(alpha, a, b, beta, c);
        between.run();
    }

    /** Up to how many terms C ← A·B + C rounds as if A·B were added afterwards; 0 if it never does. */
    int termsAtOnce(boolean wide) {
        int type = wide ? 1 : 0;
        if (termsAtOnce[type] == UNKNOWN) {
            termsAtOnce[type] = TermsAtOnce.of(this, wide);
        }
        return termsAtOnce[type];
    }

    /** C ← α·A·B + β·C; with β = 0, what C held before is not read. */
    void multiply(double alpha, Matrix a, Matrix b, double beta, Matrix c) {
        if (a.width() != b.height() || c.rows != a.height() || c.columns != b.width() || c.transposed) {
            throw new IllegalArgumentException("no product of " + a + " and " + b + " into " + c);
        }
        // Fortran reads rows as columns, so it computes Cᵀ = Bᵀ·Aᵀ.
        arguments.putInt(SIZES, c.columns).putInt(SIZES + 4, c.rows).putInt(SIZES + 8, a.width());
        arguments.putInt(SIZES + 12, b.stride).putInt(SIZES + 16, a.stride).putInt(SIZES + 20, c.stride);
        long transB = address + (b.transposed ? 1 : 0);
        long transA = address + (a.transposed ? 1 : 0);
        long m = address + SIZES;
        if (c.wide) {
            arguments.putDouble(ALPHA, alpha).putDouble(BETA, beta);
            Routines.dgemm_(
                    transB,
                    transA,
                    m,
                    m + 4,
                    m + 8,
                    address + ALPHA,
                    b.address,
                    m + 12,
                    a.address,
                    m + 16,
                    address + BETA,
                    c.address,
                    m + 20);
        } else {
            arguments.putFloat(ALPHA, (float) alpha).putFloat(BETA, (float) beta);
            Routines.sgemm_(
                    transB,
                    transA,
                    m,
                    m + 4,
                    m + 8,
                    address + ALPHA,
                    b.address,
                    m + 12,
                    a.address,
                    m + 16,
                    address + BETA,
                    c.address,
                    m + 20);
        }
    }

    /** As {@link io.shardlab.tensor.Addition#add}: y ← 1·x + y. */
    void add(TensorType type, ByteBuffer sums, int at, ByteBuffer summands, int from, int bytes) {
        if (!sums.isDirect() || !summands.isDirect()) {
            throw new IllegalArgumentException("numbers to be added in place are not in direct buffers");
        }
        Objects.checkFromIndexSize(at, bytes, sums.capacity());
        Objects.checkFromIndexSize(from, bytes, summands.capacity());
        long x = Pointer.nativeValue(Native.getDirectBufferPointer(summands)) + from;
        long y = Pointer.nativeValue(Native.getDirectBufferPointer(sums)) + at;
        arguments.putInt(SIZES, bytes / type.bytes()).putInt(SIZES + 4, 1);
        long n = address + SIZES;
        if (type == TensorType.FLOAT64) {
            arguments.putDouble(ALPHA, 1);
            Routines.daxpy_(n, address + ALPHA, x, n + 4, y, n + 4);
        } else {
            arguments.putFloat(ALPHA, 1);
            Routines.saxpy_(n, address + ALPHA, x, n + 4, y, n + 4);
        }
    }
}
