package io.shardlab.cell;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The classes of one rank's cells. A class is kept as bytes until somebody asks for it, so their order does not matter. */
final class CellLoader extends ClassLoader {

    private final Map<String, byte[]> waiting = new HashMap<>();

    CellLoader(ClassLoader parent) {
        super("cells", parent);
    }

    /** Makes a class known; one that is known already stays as it is. */
    synchronized void add(CellProgram.CompiledClass compiled) {
        if (findLoadedClass(compiled.name()) == null) {
            waiting.putIfAbsent(compiled.name(), compiled.bytes());
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        byte @Nullable [] bytes;
        synchronized (this) {
            bytes = waiting.remove(name);
        }
        if (bytes == null) {
            throw new ClassNotFoundException(name);
        }
        return defineClass(name, bytes, 0, bytes.length);
    }
}
