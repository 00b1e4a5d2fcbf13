package io.shardlab.tests;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The lines between rooms, as drawn in section 3 of the design. */
final class ArchitectureTest {

    private static final String ROOT = "io.shardlab.";
    private static final String MAGICS = ROOT + "magics.";
    private static final Set<String> LIBRARY = Set.of(
            "mesh",
            "tensor",
            "plan",
            "schedule",
            "trace",
            "weights",
            "model",
            "cost",
            "parity",
            "transport",
            "engine",
            "comm",
            "cell",
            "run",
            "cluster");

    private static final Set<String> ROOMS_OF_MAGICS =
            Set.of("command", "view", "home", "backend", "local", "table", "screen", "trial", "session");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.shardlab");

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(CLASSES);
    }

    @Test
    void allRoomsAreLookedAt() {
        Set<String> rooms = CLASSES.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> !name.startsWith(ROOT + "magics") && !name.startsWith(ROOT + "kernel"))
                .map(name -> name.substring(ROOT.length()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(LIBRARY), rooms, "a new room needs a line in the table below");
        Set<String> ofMagics = CLASSES.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> name.startsWith(MAGICS))
                .map(name -> name.substring(MAGICS.length()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(new TreeSet<>(ROOMS_OF_MAGICS), ofMagics, "a new room needs a line in the table of magics");
        assertTrue(CLASSES.size() > 150, () -> "only " + CLASSES.size() + " classes");
    }

    @ParameterizedTest(name = "{0} may know {1}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            cluster   | mesh tensor plan schedule trace weights model cost parity transport engine run
            run       | mesh tensor plan schedule trace weights model cost parity transport engine comm cell
            cell      | mesh tensor plan engine comm
            engine    | mesh tensor plan schedule trace weights model cost parity
            comm      | mesh tensor plan schedule trace weights model cost parity transport
            transport | mesh tensor schedule trace weights model cost parity
            model     | mesh tensor plan schedule trace weights cost
            cost      | mesh tensor plan schedule trace weights
            parity    | mesh tensor plan weights
            schedule  | mesh tensor plan
            trace     | mesh tensor plan
            weights   | mesh tensor plan
            plan      | mesh tensor
            tensor    | mesh
            mesh      | java
            """)
    void aRoomKnowsOnlyRoomsBelowIt(String room, String known) {
        knowsOnly(ROOT + room, Stream.of(known.split(" ")).map(name -> ROOT + name));
    }

    /** Rooms of {@code magics}; the library below them all may know. */
    @ParameterizedTest(name = "magics.{0} may know {1}")
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            session | command view home backend local table screen trial
            local   | command home backend
            table   | view home backend
            screen  | view backend
            trial   | command view backend
            backend | command
            home    | command
            view    | java
            command | java
            """)
    void aRoomOfMagicsKnowsOnlyRoomsBelowIt(String room, String known) {
        Stream<String> below = Stream.of(known.split(" ")).map(name -> MAGICS + name);
        knowsOnly(MAGICS + room, Stream.concat(LIBRARY.stream().map(name -> ROOT + name), below));
    }

    private static void knowsOnly(String room, Stream<String> known) {
        String[] allowed =
                Stream.concat(Stream.of(room), known).map(name -> name + "..").toArray(String[]::new);
        check(noClasses()
                .that()
                .resideInAPackage(room + "..")
                .should()
                .dependOnClassesThat(resideInAPackage("io.shardlab..").and(not(resideInAnyPackage(allowed)))));
    }

    /** The session has a backend made for it, and then knows nothing but the parts that any backend has. */
    @Test
    void workersOfThisMachineShowOneClassToTheSession() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(MAGICS + "local..")
                .should()
                .dependOnClassesThat(resideInAPackage(MAGICS + "local..").and(not(simpleName("LocalBackend")))));
    }

    /** A rule that cannot be broken would prove nothing. */
    @Test
    void aCrossedLineIsSeen() {
        assertThrows(AssertionError.class, () -> aRoomKnowsOnlyRoomsBelowIt("run", "mesh tensor plan"));
        assertThrows(AssertionError.class, () -> aRoomOfMagicsKnowsOnlyRoomsBelowIt("local", "command backend"));
        assertThrows(AssertionError.class, () -> aLibraryHasOneHome("ai.djl..", "run"));
        assertThrows(AssertionError.class, () -> aPureRoomTouchesNoFilesProcessesOrThreads("weights"));
    }

    @Test
    void roomsHaveNoCycles() {
        check(slices().matching(ROOT + "(*)..").should().beFreeOfCycles());
        check(slices().matching(MAGICS + "(*)..").should().beFreeOfCycles());
    }

    @Test
    void theLibraryKnowsNeitherMagicsNorKernel() {
        String[] rooms = LIBRARY.stream().map(room -> ROOT + room + "..").toArray(String[]::new);
        check(noClasses()
                .that()
                .resideInAnyPackage(rooms)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT + "magics..", ROOT + "kernel.."));
        check(noClasses()
                .that()
                .resideInAPackage(ROOT + "magics..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(ROOT + "kernel.."));
    }

    @ParameterizedTest(name = "{0} only in {1}")
    @CsvSource({
        "ai.djl.., engine",
        "jdk.jshell.., cell",
        "tech.tablesaw.., magics",
        "org.knowm.xchart.., magics",
        "org.dflib.jjava.., kernel",
        "picocli.., magics"
    })
    void aLibraryHasOneHome(String library, String home) {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + home + "..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library));
    }

    /** Pure rooms describe; files, processes and threads are for the rooms of effects. */
    @ParameterizedTest
    @CsvSource({"mesh", "tensor", "plan", "schedule", "cost"})
    void aPureRoomTouchesNoFilesProcessesOrThreads(String room) {
        check(noClasses()
                .that()
                .resideInAPackage(ROOT + room + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.net..", "java.util.concurrent.."));
    }

    @Test
    void nothingOfDjlShowsInTheEngineRoomsPublicSignatures() {
        List<String> shown = CLASSES.stream()
                .filter(type -> type.getPackageName().equals(ROOT + "engine"))
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .flatMap(type -> type.getCodeUnits().stream())
                .filter(unit -> unit.getModifiers().contains(JavaModifier.PUBLIC)
                        || unit.getModifiers().contains(JavaModifier.PROTECTED))
                .filter(ArchitectureTest::namesDjl)
                .map(JavaCodeUnit::getFullName)
                .toList();
        assertEquals(List.of(), shown);
    }

    private static boolean namesDjl(JavaCodeUnit unit) {
        return Stream.concat(unit.getRawParameterTypes().stream(), Stream.of(unit.getRawReturnType()))
                .anyMatch(type -> type.getPackageName().startsWith("ai.djl"));
    }

    @Test
    void nothingIsReadOrWrittenByJavaSerialization() {
        check(noClasses()
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(ObjectInputStream.class, ObjectOutputStream.class));
    }

    /** The extension does, when the kernel has ended and only an idle thread of JJava keeps its JVM. */
    @Test
    void nobodyElseEndsTheProcessThroughSystemExit() {
        check(noClasses()
                .that()
                .doNotHaveFullyQualifiedName("io.shardlab.kernel.ShardExtension")
                .should()
                .callMethod(System.class, "exit", int.class));
    }

    @Test
    void namesSayWhatAClassIs() {
        check(noClasses().should().haveNameMatching(".*(Utils?|Helper|Manager|Impl)(\\$.*)?"));
        check(noClasses().should().haveSimpleNameStartingWith("Abstract"));
    }
}
