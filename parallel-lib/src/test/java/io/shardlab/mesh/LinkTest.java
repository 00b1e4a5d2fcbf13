package io.shardlab.mesh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinkTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10GB/s,20us      | 1e10    | 20000      | 10 GB/s, 20 µs",
                "1GB/s,50us       | 1e9     | 50000      | 1 GB/s, 50 µs",
                "100Mbit/s,1ms    | 1.25e7  | 1000000    | 12.5 MB/s, 1 ms",
                "25 Gbps, 1.5 µs  | 3.125e9 | 1500       | 3.125 GB/s, 1.5 µs",
                "400Gb/s,700ns    | 5e10    | 700        | 50 GB/s, 700 ns",
                "100kB/s,1s       | 1e5     | 1000000000 | 100 kB/s, 1 s",
                "2.5GB/s          | 2.5e9   | 0          | 2.5 GB/s, 0 µs",
            })
    void aRateAndADelayAreReadAndShown(String text, double rate, long delay, String shown) {
        Link link = Link.parse(text);
        assertEquals(new Link(rate, delay), link);
        assertEquals(shown, link.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"fast", "10gb/s", "10GB", "GB/s", "-1GB/s", "1e9B/s", "", "10GiB/s"})
    void aRateThatIsNoneIsNamed(String token) {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> Link.parse(token + ",20us"));
        assertTrue(String.valueOf(refused.getMessage()).startsWith("the rate '" + token + "' must be a number with"));
    }

    @Test
    void aDelayThatIsNoneIsNamedAndLimitsHold() {
        assertEquals(
                "the delay '20' must be a number with ns, us, ms or s",
                assertThrows(IllegalArgumentException.class, () -> Link.parse("10GB/s,20"))
                        .getMessage());
        assertEquals(
                "the delay 2 s must be at most 1 s",
                assertThrows(IllegalArgumentException.class, () -> Link.parse("10GB/s,2s"))
                        .getMessage());
        assertEquals(
                "the rate 1 kB/s must be from 100 kB/s to 10 TB/s",
                assertThrows(IllegalArgumentException.class, () -> Link.parse("8kbit/s,2ms"))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> Link.parse("1GB/s,1us,1us"));
    }
}
