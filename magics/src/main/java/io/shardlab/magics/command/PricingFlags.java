package io.shardlab.magics.command;

import io.shardlab.mesh.Link;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a plan is judged against: devices, memory, price. */
final class PricingFlags {

    private static final Pattern PRICE = Pattern.compile("([0-9]{1,6}(?:\\.[0-9]{1,6})?)(?:/h)?");

    @Option(
            names = "--devices",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "devices the plan may use; no worker is started")
    @Nullable
    Integer devices;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Values.Size.class,
            description = "budget of each device such as 1g")
    @Nullable
    Long memory;

    @Option(names = "--price", paramLabel = "1.20/h", description = "of one device, for the cost of a million tokens")
    @Nullable
    String price;

    @Option(
            names = "--link",
            paramLabel = "RATE,DELAY",
            converter = Values.Line.class,
            description = "link between devices such as 10GB/s,20us, in place of the measured one")
    @Nullable
    Link link;

    OptionalDouble price() {
        if (price == null) {
            return OptionalDouble.empty();
        }
        Matcher matcher = PRICE.matcher(price);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("--price " + price + " is not a price per hour such as 1.20/h");
        }
        return OptionalDouble.of(Double.parseDouble(matcher.group(1)));
    }
}
