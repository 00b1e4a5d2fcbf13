package io.shardlab.cluster;

import java.io.File;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The class path of a worker JVM: this library, DJL, Jackson and slf4j, wherever this JVM has them from, and nothing else.
 *
 * <p>It is found by what lies in each library rather than taken from {@code java.class.path}: a notebook kernel's path begins
 * with its own jar and grows with everything a user adds.
 */
final class WorkerClasspath {

    /** Replaces the list when set. */
    static final String PROPERTY = "shardlab.worker.classpath";

    private static final String OWN = "io/shardlab/cluster/WorkerMain.class";

    /** One file of each library; a library that is not there is left out. */
    private static final List<String> MARKS = List.of(
            OWN,
            "com/fasterxml/jackson/databind/ObjectMapper.class",
            "com/fasterxml/jackson/core/JsonFactory.class",
            "com/fasterxml/jackson/annotation/JsonTypeInfo.class",
            "com/fasterxml/jackson/datatype/jdk8/Jdk8Module.class",
            "ai/djl/engine/Engine.class",
            "ai/djl/pytorch/engine/PtEngine.class",
            "jnilib/pytorch.properties",
            "native/lib/pytorch.properties",
            "com/google/gson/Gson.class",
            "com/sun/jna/Native.class",
            "org/apache/commons/compress/archivers/ArchiveEntry.class",
            "org/apache/commons/codec/Charsets.class",
            "org/apache/commons/io/IOUtils.class",
            "org/slf4j/Logger.class",
            "org/slf4j/jul/JDK14LoggerAdapter.class");

    private WorkerClasspath() {}

    static List<Path> find() {
        String given = System.getProperty(PROPERTY, "");
        if (!given.isBlank()) {
            return List.of(given.split(File.pathSeparator)).stream()
                    .map(Path::of)
                    .toList();
        }
        return find(WorkerClasspath.class.getClassLoader());
    }

    static List<Path> find(ClassLoader loader) {
        Set<Path> places = new LinkedHashSet<>();
        for (String mark : MARKS) {
            List<Path> holders = holders(loader, mark);
            if (mark.startsWith("native/")) {
                places.addAll(holders); // One per flavor.
            } else if (!holders.isEmpty()) {
                places.add(holders.get(0));
            } else if (mark.equals(OWN)) {
                throw new IllegalStateException(
                        "cannot tell where this library lies; set the system property " + PROPERTY);
            }
        }
        return List.copyOf(places);
    }

    private static List<Path> holders(ClassLoader loader, String mark) {
        List<Path> found = new ArrayList<>();
        try {
            for (URL url : Collections.list(loader.getResources(mark))) {
                Path holder = holder(url, mark);
                String name = String.valueOf(holder.getFileName());
                if (!name.startsWith("jjava")) {
                    found.add(holder);
                }
            }
        } catch (IOException | URISyntaxException | IllegalArgumentException e) {
            throw new IllegalStateException(
                    "cannot tell where " + mark + " lies; set the system property " + PROPERTY, e);
        }
        return found;
    }

    private static Path holder(URL url, String mark) throws IOException, URISyntaxException {
        if (url.getProtocol().equals("jar")) {
            URLConnection connection = url.openConnection();
            if (connection instanceof JarURLConnection jar) {
                return Path.of(jar.getJarFileURL().toURI());
            }
        }
        String text = url.toURI().toString();
        return Path.of(URI.create(text.substring(0, text.length() - mark.length())));
    }
}
