package io.shardlab.parity;

/**
 * How far one tensor of a sharded run is from the unsharded one.
 *
 * @param kind {@code output}, {@code loss}, {@code gradient} or {@code parameter}
 * @param name of the tensor
 * @param rank whose copy differs most (the first tensor rank of a joined one)
 * @param sameBits whether every element of every copy is equal
 * @param maxAbsolute largest |a − b|
 * @param maxRelative {@code maxAbsolute} over the largest magnitude of the reference
 * @param relativeNorm ‖a − b‖ over ‖b‖, b being the reference
 */
public record Difference(
        String kind,
        String name,
        int rank,
        boolean sameBits,
        double maxAbsolute,
        double maxRelative,
        double relativeNorm) {

    static Difference between(String kind, String name, int rank, double[] reference, double[] actual) {
        if (reference.length != actual.length) {
            throw new IllegalArgumentException(
                    kind + " " + name + " has " + actual.length + " elements, expected " + reference.length);
        }
        double largest = 0;
        double absolute = 0;
        double gapSquares = 0;
        double squares = 0;
        boolean same = true;
        for (int i = 0; i < reference.length; i++) {
            largest = Math.max(largest, Math.abs(reference[i]));
            double gap = Math.abs(reference[i] - actual[i]);
            // NaN on either side counts as infinitely far, unless both are NaN.
            if (Double.isNaN(gap)) {
                gap = Double.isNaN(reference[i]) && Double.isNaN(actual[i]) ? 0 : Double.POSITIVE_INFINITY;
            }
            absolute = Math.max(absolute, gap);
            gapSquares += gap * gap;
            squares += reference[i] * reference[i];
            same &= Double.doubleToLongBits(reference[i]) == Double.doubleToLongBits(actual[i])
                    || reference[i] == actual[i];
        }
        return new Difference(
                kind,
                name,
                rank,
                same,
                absolute,
                ratio(absolute, largest),
                ratio(Math.sqrt(gapSquares), Math.sqrt(squares)));
    }

    private static double ratio(double gap, double size) {
        return gap == 0 ? 0 : size == 0 ? Double.POSITIVE_INFINITY : gap / size;
    }

    Difference worse(Difference other) {
        Difference worst = other.maxAbsolute > maxAbsolute ? other : this;
        return new Difference(
                worst.kind,
                worst.name,
                worst.rank,
                sameBits && other.sameBits,
                worst.maxAbsolute,
                worst.maxRelative,
                worst.relativeNorm);
    }
}
