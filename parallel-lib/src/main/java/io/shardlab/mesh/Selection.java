package io.shardlab.mesh;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Some of the ranks, as people write them: {@code 0}, {@code 0,2}, {@code 0-2}, {@code ::2}, {@code all}, {@code pp=1},
 * {@code tp=0-3,pp=0}, {@code last-stage}.
 *
 * <p>Numbers joined by commas are united; roles joined by commas must all hold. The text is read without a mesh;
 * {@link #ranks(Mesh)} resolves it and refuses ranks that the mesh does not have.
 */
public final class Selection {

    /** Every rank. */
    public static final Selection ALL = new Selection("all", List.of(), List.of());

    private static final String FORMS = "0, 0,2, 0-2, ::2, all, pp=1, tp=0-3,pp=0 or last-stage";
    private static final Pattern RANGE = Pattern.compile("([0-9]{1,6})(?:-([0-9]{1,6}))?");
    private static final Pattern SLICE = Pattern.compile("([0-9]{0,6}):([0-9]{0,6})(?::([0-9]{0,6}))?");

    private final String text;
    private final List<Slice> slices;
    private final List<Role> roles;

    private Selection(String text, List<Slice> slices, List<Role> roles) {
        this.text = text;
        this.slices = List.copyOf(slices);
        this.roles = List.copyOf(roles);
    }

    /** Indices from {@code start} up to but without {@code end} (to the last where empty), every {@code stride}-th. */
    private record Slice(String text, int start, OptionalInt end, int stride) {
        IntStream of(int size) {
            return IntStream.iterate(start, i -> i < end.orElse(size), i -> i + stride);
        }
    }

    /** Coordinates allowed on one axis; {@code last} stands for the highest coordinate. */
    private record Role(Axis axis, Slice slice, boolean last) {}

    public static Selection parse(String text) {
        String trimmed = text.strip();
        if (trimmed.equals("all")) {
            return ALL;
        }
        List<Slice> slices = new ArrayList<>();
        List<Role> roles = new ArrayList<>();
        for (String part : trimmed.split(",", -1)) {
            String[] sides = part.strip().split("=", -1);
            if (sides.length == 2) {
                roles.add(new Role(axis(sides[0], text), slice(sides[1], text), false));
            } else if (part.strip().equals("last-stage")) {
                roles.add(new Role(Axis.PIPELINE, new Slice("last-stage", 0, OptionalInt.empty(), 1), true));
            } else {
                slices.add(slice(part.strip(), text));
            }
        }
        if (!slices.isEmpty() && !roles.isEmpty()) {
            throw new IllegalArgumentException(
                    "selection '" + text + "' mixes rank numbers and roles; use one of " + FORMS);
        }
        return new Selection(trimmed, slices, roles);
    }

    private static Axis axis(String name, String whole) {
        for (Axis axis : Axis.values()) {
            if (axis.shortName().equals(name)) {
                return axis;
            }
        }
        throw new IllegalArgumentException(
                "selection '" + whole + "': axis '" + name + "' is not one of tp, pp, dp; use " + FORMS);
    }

    private static Slice slice(String part, String whole) {
        Matcher range = RANGE.matcher(part);
        if (range.matches()) {
            int first = Integer.parseInt(range.group(1));
            int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
            if (last < first) {
                throw new IllegalArgumentException(
                        "selection '" + whole + "': the range " + part + " ends before it starts");
            }
            return new Slice(part, first, OptionalInt.of(last + 1), 1);
        }
        Matcher slice = SLICE.matcher(part);
        if (slice.matches()) {
            int start = slice.group(1).isEmpty() ? 0 : Integer.parseInt(slice.group(1));
            OptionalInt end =
                    slice.group(2).isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(slice.group(2)));
            String stride = slice.group(3);
            int every = stride == null || stride.isEmpty() ? 1 : Integer.parseInt(stride);
            if (every < 1) {
                throw new IllegalArgumentException(
                        "selection '" + whole + "': the stride of " + part + " must be at least 1");
            }
            return new Slice(part, start, end, every);
        }
        throw new IllegalArgumentException("selection '" + whole + "': '" + part + "' is not of the form " + FORMS);
    }

    /** The selected ranks of a mesh, ascending, each once. */
    public List<Integer> ranks(Mesh mesh) {
        if (roles.isEmpty() && slices.isEmpty()) {
            return IntStream.range(0, mesh.size()).boxed().toList();
        }
        TreeSet<Integer> chosen = new TreeSet<>();
        for (Slice slice : slices) {
            slice.of(mesh.size()).forEach(rank -> chosen.add(within(rank, mesh.size(), "rank " + rank)));
        }
        if (!roles.isEmpty()) {
            for (Role role : roles) {
                int degree = mesh.degree(role.axis);
                role.slice.of(degree).forEach(i -> within(i, degree, role.axis.shortName() + "=" + i));
            }
            IntStream.range(0, mesh.size())
                    .filter(rank -> roles.stream().allMatch(role -> holds(role, mesh, rank)))
                    .forEach(chosen::add);
        }
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException(
                    "selection '" + text + "' holds no rank; there are ranks 0 to " + (mesh.size() - 1));
        }
        return List.copyOf(chosen);
    }

    private static boolean holds(Role role, Mesh mesh, int rank) {
        int at = mesh.coordinates(rank).along(role.axis);
        int degree = mesh.degree(role.axis);
        return role.last ? at == degree - 1 : role.slice.of(degree).anyMatch(i -> i == at);
    }

    private int within(int index, int size, String name) {
        if (index >= size) {
            throw new IllegalArgumentException(
                    "selection '" + text + "': there is no " + name + "; allowed: 0 to " + (size - 1));
        }
        return index;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Selection that && that.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }
}
