package io.shardlab.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.tensor.Extent;
import io.shardlab.tensor.Placement;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TensorSplitTest {

    private static ModelSpec model(int heads, int keyValueHeads, int feedForward) {
        return model(251, heads, keyValueHeads, feedForward);
    }

    private static ModelSpec model(int vocabulary, int heads, int keyValueHeads, int feedForward) {
        return new ModelSpec(
                "m",
                vocabulary,
                48,
                feedForward,
                4,
                heads,
                keyValueHeads,
                4,
                10_000,
                1e-5,
                false,
                64,
                0.02,
                Optional.empty());
    }

    private static String text(List<Extent> extents) {
        return extents.stream()
                .map(extent -> extent.start() + "+" + extent.length())
                .collect(Collectors.joining(" "));
    }

    @ParameterizedTest(name = "{0} query and {1} KV heads on {2}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            12 | 4 | 2 | 0+6 6+6         | 0+2 2+2
            3  | 3 | 2 | 0+2 2+1         | 0+2 2+1
            9  | 3 | 2 | 0+5 5+4         | 0+2 1+2
            9  | 3 | 4 | 0+2 2+1 3+3 6+3 | 0+1 0+1 1+1 2+1
            8  | 8 | 3 | 0+3 3+3 6+2     | 0+3 3+3 6+2
            10 | 1 | 4 | 0+3 3+3 6+2 8+2 | 0+1 0+1 0+1 0+1
            """)
    void headsAreDividedByCostAndKeyValueHeadsFollow(
            int heads, int keyValueHeads, int degree, String queries, String keys) {
        TensorSplit split = TensorSplit.of(model(heads, keyValueHeads, 96), degree, 16, true);
        assertEquals(queries, text(split.queryHeads()));
        assertEquals(keys, text(split.keyValueHeads()));
        assertTrue(split.imbalance() >= 1 && split.imbalance() < 1.5, () -> "imbalance " + split.imbalance());
    }

    @Test
    void vocabularyIsDividedWhateverItsSize() {
        assertEquals(
                "0+126 126+125",
                text(TensorSplit.of(model(12, 12, 96), 2, 16, false).vocabulary()));
    }

    @Test
    void anUnevenSplitIsOfferedWithItsImbalance() {
        String message = String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> TensorSplit.of(model(9, 3, 96), 2, 16, false))
                        .getMessage());
        assertTrue(message.startsWith("tp=2 does not split 3 KV heads evenly; use tp = 1, 3, or --uneven (heads 5/4;"));
        assertTrue(message.endsWith("times the mean)"), message);
    }

    @Test
    void moreRanksThanHeadsAreRefusedEvenUnevenly() {
        String message = String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> TensorSplit.of(model(3, 3, 96), 4, 16, true))
                        .getMessage());
        assertEquals("tp=4 does not split 3 heads; use tp = 1 to 3", message);
    }

    /** It named KV heads whatever the obstacle was, and said "evenly" where nobody had asked for that. */
    @ParameterizedTest(name = "{0}/{1} heads, F = {2}, V = {3}, tp = {4}, uneven {5}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            2  | 1 | 1  | 251 | 2  | true  | tp=2 does not split 1 feed-forward column; use tp = 1
            2  | 1 | 1  | 251 | 2  | false | tp=2 does not split 1 feed-forward column evenly; use tp = 1
            4  | 2 | 96 | 3   | 4  | false | tp=4 does not split a vocabulary of 3; use tp = 1, 2, or up to 3 with --uneven
            4  | 2 | 96 | 3   | 4  | true  | tp=4 does not split a vocabulary of 3; use tp = 1 to 3
            4  | 4 | 96 | 3   | 4  | false | tp=4 does not split a vocabulary of 3; use tp = 1, 2, or up to 3 with --uneven
            1  | 1 | 96 | 251 | 2  | true  | tp=2 does not split 1 head; use tp = 1
            12 | 4 | 96 | 251 | 16 | false | tp=16 does not split 12 heads evenly; use tp = 1, 2, 4, or up to 12 with --uneven
            """)
    void aRefusalNamesWhatIsInTheWay(
            int heads,
            int keyValueHeads,
            int feedForward,
            int vocabulary,
            int degree,
            boolean uneven,
            String expected) {
        ModelSpec model = model(vocabulary, heads, keyValueHeads, feedForward);
        assertEquals(
                expected,
                assertThrows(IllegalArgumentException.class, () -> TensorSplit.of(model, degree, 16, uneven))
                        .getMessage());
    }

    @Test
    void partsThatOverlapAreOwnedOnceAndSharedOnce() {
        Placement.Split keys =
                new Placement.Split(0, List.of(new Extent(0, 1), new Extent(1, 1), new Extent(1, 2), new Extent(2, 1)));
        assertTrue(keys.overlaps());
        assertEquals("1+1 2+1", text(keys.sharedExtents()));
        assertEquals(
                List.of(1L, 1L, 1L, 0L),
                List.of(0, 1, 2, 3).stream().map(i -> keys.owned(i).length()).toList());
    }
}
