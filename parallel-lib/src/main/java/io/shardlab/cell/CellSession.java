package io.shardlab.cell;

import io.shardlab.cell.CellOutcome.Frame;
import io.shardlab.cell.CellOutcome.Shown;
import io.shardlab.cell.CellOutcome.Thrown;
import io.shardlab.engine.UserArrays;
import io.shardlab.mesh.Device;
import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/** The cells of one rank: their classes and with them their variables. Owned by the rank's compute thread. */
public final class CellSession implements AutoCloseable {

    private static final int MOST_FRAMES = 30;
    private static final int MOST_CAUSES = 3;
    private static final int MOST_PICTURE_BYTES = 4 << 20;
    private static final byte[] PNG_SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    private final int rank;
    private final int worldSize;
    private final Device device;
    private final UserArrays arrays;
    private final Collectives collectives;
    private final CellProgram prelude;
    private final CellLoader loader = new CellLoader(CellSession.class.getClassLoader());
    private final Map<String, Method> methods = new HashMap<>();
    private Surroundings surroundings;
    private Map<String, RemoteValue> pushed = Map.of();

    /**
     * @param prelude defines what cells find, and is repeated before each
     * @param notes hears phase and action, for the status page
     */
    public CellSession(
            int rank,
            Device device,
            UserArrays arrays,
            Surroundings surroundings,
            CellProgram prelude,
            BiConsumer<String, String> notes) {
        this.rank = rank;
        this.worldSize = surroundings.world().size();
        this.device = device;
        this.arrays = arrays;
        this.surroundings = surroundings;
        this.collectives = new Collectives(arrays, surroundings.world(), notes);
        this.prelude = prelude;
        learn(prelude);
    }

    int rank() {
        return rank;
    }

    int worldSize() {
        return worldSize;
    }

    Device device() {
        return device;
    }

    UserArrays arrays() {
        return arrays;
    }

    Collectives collectives() {
        return collectives;
    }

    Surroundings surroundings() {
        return surroundings;
    }

    Object pushed(String name) {
        RemoteValue value = pushed.get(name);
        if (value == null) {
            throw new IllegalStateException("no value came for " + name);
        }
        return value.value();
    }

    /** Takes over the classes of a cell that this rank may need later. */
    public CellOutcome learn(CellProgram program) {
        program.classes().forEach(loader::add);
        return CellOutcome.notSelected();
    }

    /**
     * Runs a cell.
     *
     * @param values come with it, by name
     * @param stops says whether an exception means that the rank was asked to stop
     * @param follows says whether an exception only follows from another rank's failure
     */
    public CellOutcome run(
            CellProgram program,
            Surroundings now,
            Map<String, RemoteValue> values,
            Predicate<Throwable> stops,
            Predicate<Throwable> follows) {
        learn(program);
        surroundings = now;
        collectives.attach(now.world());
        pushed = Map.copyOf(values);
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        Here.enter(this);
        long start = System.nanoTime();
        int done = 0;
        Optional<Shown> shown = Optional.empty();
        try {
            for (CellProgram.Step step : prelude.steps()) {
                call(step);
            }
            for (CellProgram.Step step : program.steps()) {
                Object value = call(step);
                if (step.echo()) {
                    shown = Optional.of(show(value));
                }
                forget(step);
                done++;
            }
            return new CellOutcome(true, done, shown, Optional.empty(), false, millis(start));
        } catch (InvocationTargetException e) {
            Throwable thrown = e.getCause() == null ? e : e.getCause();
            boolean stopped = stops.test(thrown);
            Optional<Thrown> failure = stopped ? Optional.empty() : Optional.of(thrown(thrown, follows.test(thrown)));
            return new CellOutcome(true, done, shown, failure, stopped, millis(start));
        } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
            return new CellOutcome(true, done, shown, Optional.of(thrown(e, false)), false, millis(start));
        } finally {
            pushed = Map.of();
            Here.leave();
            thread.setContextClassLoader(before);
            arrays.restoreThread();
        }
    }

    private static double millis(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e6;
    }

    private @Nullable Object call(CellProgram.Step step) throws ReflectiveOperationException {
        Method method = methods.get(step.type());
        if (method == null || !method.getName().equals(step.method())) {
            method = Class.forName(step.type(), true, loader).getDeclaredMethod(step.method());
            method.setAccessible(true);
            methods.put(step.type(), method);
        }
        return method.invoke(null);
    }

    /** An expression's value has been shown and nobody can name it: a tensor need not stay for ever. */
    private void forget(CellProgram.Step step) throws ReflectiveOperationException {
        if (!step.temporary().isEmpty()) {
            Field field = Class.forName(step.type(), true, loader).getDeclaredField(step.temporary());
            if (!field.getType().isPrimitive() && !Modifier.isFinal(field.getModifiers())) {
                field.setAccessible(true);
                field.set(null, null);
            }
        }
    }

    private Shown show(@Nullable Object value) {
        if (value == null) {
            return new Shown("null", text(null), new byte[0]);
        }
        String type = value.getClass().getSimpleName();
        if (value instanceof RenderedImage image) {
            byte[] png = png(image);
            if (png.length <= MOST_PICTURE_BYTES) {
                return new Shown(type, "image of " + image.getWidth() + " × " + image.getHeight() + " pixels", png);
            }
        }
        if (value instanceof byte[] bytes && isPng(bytes) && bytes.length <= MOST_PICTURE_BYTES) {
            return new Shown("PNG", "picture of " + bytes.length + " bytes", bytes);
        }
        return new Shown(type, text(value), new byte[0]);
    }

    /** The signature with which every PNG begins (PNG specification, section 5.2). */
    private static boolean isPng(byte[] bytes) {
        return bytes.length > PNG_SIGNATURE.length
                && Arrays.equals(bytes, 0, PNG_SIGNATURE.length, PNG_SIGNATURE, 0, PNG_SIGNATURE.length);
    }

    private static byte[] png(RenderedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException inMemory) {
            throw new IllegalStateException("could not encode a picture as PNG", inMemory);
        }
        return bytes.toByteArray();
    }

    /** A user's {@code toString} may throw anything. */
    private static String text(@Nullable Object value) {
        try {
            return ValueText.of(value);
        } catch (RuntimeException | StackOverflowError e) {
            return "(toString failed: " + e + ")";
        }
    }

    private Thrown thrown(Throwable e, boolean consequence) {
        List<String> causes = new ArrayList<>();
        for (Throwable cause = e.getCause(); cause != null && causes.size() < MOST_CAUSES; cause = cause.getCause()) {
            causes.add(cause.toString());
        }
        String message = Optional.ofNullable(e.getMessage()).orElse("");
        List<Frame> frames = new ArrayList<>();
        for (StackTraceElement frame : e.getStackTrace()) {
            boolean machinery = frame.getClassName().startsWith("java.lang.reflect.")
                    || frame.getClassName().startsWith("jdk.internal.reflect.")
                    || frame.getClassName().equals(CellSession.class.getName());
            if (frames.size() == MOST_FRAMES || machinery) {
                break; // What called the cell says nothing about it.
            }
            frames.add(new Frame(
                    frame.getClassName(),
                    frame.getMethodName(),
                    Optional.ofNullable(frame.getFileName()).orElse(""),
                    frame.getLineNumber()));
        }
        return new Thrown(e.getClass().getName(), ValueText.cut(message), causes, frames, consequence);
    }

    /** What this rank holds in the given variables. */
    public List<RemoteVariable> variables(List<RemoteVariable.Field> fields) {
        return fields.stream().map(this::variable).toList();
    }

    private RemoteVariable variable(RemoteVariable.Field field) {
        Object value = value(field);
        if (value != null && arrays.isArray(value)) {
            return arrays.isOpen(value)
                    ? new RemoteVariable(
                            field.name(),
                            field.typeName(),
                            arrays.shape(value),
                            arrays.typeName(value),
                            arrays.deviceName(value),
                            arrays.numBytes(value),
                            "")
                    : plain(field, "closed", -1);
        }
        if (value instanceof Number || value instanceof Boolean || value instanceof Character) {
            Class<?> unboxed = MethodType.methodType(value.getClass()).unwrap().returnType();
            return plain(field, text(value), Math.max(1, JavaArrays.width(unboxed)));
        }
        if (value != null && value.getClass().isArray()) {
            return new RemoteVariable(
                    field.name(),
                    field.typeName(),
                    JavaArrays.shape(value),
                    JavaArrays.element(value.getClass()).getSimpleName(),
                    "heap",
                    JavaArrays.numBytes(value),
                    shortened(text(value)));
        }
        return plain(field, shortened(text(value)), -1);
    }

    private static RemoteVariable plain(RemoteVariable.Field field, String text, long numBytes) {
        return new RemoteVariable(field.name(), field.typeName(), List.of(), "", "heap", numBytes, text);
    }

    private static String shortened(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= 60 ? line : line.substring(0, 60) + "…";
    }

    private @Nullable Object value(RemoteVariable.Field field) {
        try {
            Field found = Class.forName(field.holder(), true, loader).getDeclaredField(field.name());
            found.setAccessible(true);
            return found.get(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("variable " + field.name() + " is not known to rank " + rank, e);
        }
    }

    /**
     * The value of a variable, to be sent.
     *
     * @throws IllegalArgumentException if it is of a type that is not sent, or too large
     */
    public RemoteValue pull(RemoteVariable.Field field) {
        Object value = value(field);
        if (value == null) {
            throw new IllegalArgumentException(field.name() + " is null on rank " + rank);
        }
        if (!arrays.isArray(value)) {
            return RemoteValue.of(value);
        }
        if (arrays.numBytes(value) > RemoteValue.MOST_BYTES) {
            throw new IllegalArgumentException(field.name() + " has " + arrays.numBytes(value)
                    + " bytes, over the limit of " + (RemoteValue.MOST_BYTES >> 20) + " MiB for values");
        }
        String element =
                switch (arrays.typeName(value)) {
                    case "float32" -> "float";
                    case "float64" -> "double";
                    case "int32" -> "int";
                    case "int64" -> "long";
                    case "boolean" -> "boolean";
                    default -> throw new IllegalArgumentException(field.name() + " holds " + arrays.typeName(value)
                            + "; allowed: float32, float64, int32, int64, boolean");
                };
        ByteBuffer elements = arrays.copy(value);
        byte[] bytes = new byte[elements.remaining()];
        elements.get(bytes);
        return RemoteValue.dense(element, arrays.shape(value), bytes);
    }

    @Override
    public void close() {
        arrays.close();
    }
}
