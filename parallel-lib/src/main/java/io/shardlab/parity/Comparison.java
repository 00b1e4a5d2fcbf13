package io.shardlab.parity;

import io.shardlab.parity.Shards.Part;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.plan.Plan;
import io.shardlab.tensor.Placement;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Every difference between what a sharded plan and the single plan wrote, in the order of computation: outputs, loss,
 * gradients from the head backwards, parameters after the last step.
 */
public record Comparison(List<Difference> differences) {

    public Comparison {
        differences = List.copyOf(differences);
    }

    /** Compares the files that {@code run.Probe} wrote for both plans. */
    public static Comparison of(Plan sharded, Path shardedFolder, Plan single, Path singleFolder) throws IOException {
        List<Difference> found = new ArrayList<>();
        try (Shards actual = Shards.open(sharded, shardedFolder);
                Shards reference = Shards.open(single, singleFolder)) {
            compareCopies("output", "value/", reference, actual, found);
            List<Difference> losses = new ArrayList<>();
            compareCopies("loss", "loss/", reference, actual, losses);
            // The first loss comes before the gradients, the later ones follow from them.
            found.addAll(losses.subList(0, 1));
            List<ParameterSpec> parameters = new ArrayList<>(sharded.parameters());
            Collections.reverse(parameters);
            compareParameters("gradient", parameters, reference, actual, found);
            found.addAll(losses.subList(1, losses.size()));
            Collections.reverse(parameters);
            compareParameters("parameter", parameters, reference, actual, found);
        }
        return new Comparison(found);
    }

    private static void compareCopies(
            String kind, String prefix, Shards reference, Shards actual, List<Difference> found) {
        for (String name : reference.names(prefix)) {
            double[] expected = reference.copies(name).get(0).values();
            String shown = name.substring(prefix.length());
            List<Part> copies = kind.equals("loss") ? actual.copies(name) : actual.values(name);
            compare(kind, kind.equals("loss") ? "step " + shown : shown, expected, copies, found);
        }
    }

    private static void compareParameters(
            String kind, List<ParameterSpec> parameters, Shards reference, Shards actual, List<Difference> found) {
        for (ParameterSpec parameter : parameters) {
            ParameterSpec whole = parameter.withPlacement(Placement.replicated());
            double[] expected = reference.joined(kind + "/", whole).get(0).values();
            compare(kind, parameter.name(), expected, actual.joined(kind + "/", parameter), found);
        }
    }

    private static void compare(
            String kind, String name, double[] expected, List<Part> copies, List<Difference> found) {
        copies.stream()
                .map(copy -> Difference.between(kind, name, copy.rank(), expected, copy.values()))
                .reduce(Difference::worse)
                .ifPresent(found::add);
    }

    public boolean sameBits() {
        return differences.stream().allMatch(Difference::sameBits);
    }

    /** The largest relative difference of all tensors. */
    public double maxRelative() {
        return differences.stream().mapToDouble(Difference::maxRelative).max().orElse(0);
    }

    /** The first difference, in the order of computation, above a relative tolerance. */
    public Optional<Difference> firstAbove(double tolerance) {
        return differences.stream().filter(d -> d.maxRelative() > tolerance).findFirst();
    }
}
