package io.shardlab.cell;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which classes a class file names in its constant pool (JVM specification, section 4.4). */
final class ClassReferences {

    private ClassReferences() {}

    /** The binary names of the classes that a class file refers to, itself included. */
    static Set<String> of(byte[] classFile) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(classFile))) {
            in.skipNBytes(8); // Magic and version.
            int count = in.readUnsignedShort();
            Map<Integer, String> texts = new HashMap<>();
            List<Integer> classes = new ArrayList<>();
            for (int index = 1; index < count; index++) {
                int tag = in.readUnsignedByte();
                switch (tag) {
                    case 1 -> texts.put(index, in.readUTF());
                    case 7 -> classes.add(in.readUnsignedShort());
                    case 5, 6 -> {
                        in.skipNBytes(8);
                        index++; // A long or double takes two places.
                    }
                    case 8, 16, 19, 20 -> in.skipNBytes(2);
                    case 15 -> in.skipNBytes(3);
                    default -> in.skipNBytes(4);
                }
            }
            Set<String> names = new HashSet<>();
            classes.forEach(at -> names.add(texts.getOrDefault(at, "").replace('/', '.')));
            return names;
        } catch (IOException damaged) {
            throw new UncheckedIOException("not a class file", damaged);
        }
    }
}
