package io.shardlab.cell;

import io.shardlab.mesh.Device;
import io.shardlab.mesh.Mesh;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the calling cell runs. The variables that a cell finds ({@code rank}, {@code comm} …) take their values from here at its
 * beginning. Only the compute thread of a rank may ask, while it runs a cell.
 */
public final class Here {

    private static final ThreadLocal<@Nullable CellSession> SESSION = new ThreadLocal<>();

    private Here() {}

    static void enter(CellSession session) {
        SESSION.set(session);
    }

    static void leave() {
        SESSION.remove();
    }

    private static CellSession session() {
        CellSession session = SESSION.get();
        if (session == null) {
            throw new IllegalStateException(
                    "this thread runs no cell; use rank, comm, model … on the cell's own thread");
        }
        return session;
    }

    public static int rank() {
        return session().rank();
    }

    public static int worldSize() {
        return session().worldSize();
    }

    /** The mesh of the placed plan; without one, all ranks side by side on the tensor axis. */
    public static Mesh mesh() {
        return session().surroundings().mesh();
    }

    public static Device device() {
        return session().device();
    }

    /** The {@code NDManager} of the rank's cells; what it holds lives until the workers stop. */
    public static Object manager() {
        return session().arrays().manager();
    }

    /** Copies of the placed weights of this rank by name, or null without a placed model. */
    public static @Nullable Map<String, Object> model() {
        return session().surroundings().model();
    }

    public static Collectives comm() {
        return session().collectives();
    }

    /** A value that came with the cell. */
    public static Object pushed(String name) {
        return session().pushed(name);
    }
}
