package io.shardlab.magics.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The golden texts live beside this class as resources; {@code -Dgolden.update=true} writes them anew. */
class HelpTest {

    private static final Path GOLDEN = Path.of("src/test/resources/io/shardlab/magics/command/help");

    static Stream<String> verbs() {
        return Stream.concat(Verbs.names().stream(), Stream.of("overview"));
    }

    @ParameterizedTest
    @MethodSource("verbs")
    void helpReadsAsItDidWhenItWasLastLookedAt(String verb) throws IOException {
        String help = verb.equals("overview") ? Verbs.overview() : Verbs.help(verb);
        Path golden = GOLDEN.resolve(verb + ".txt");
        if (Boolean.getBoolean("golden.update")) {
            Files.createDirectories(GOLDEN);
            Files.writeString(golden, help);
        }
        assertEquals(Files.readString(golden, StandardCharsets.UTF_8), help);
    }

    @ParameterizedTest
    @MethodSource("verbs")
    void everyVerbExplainsItselfWithExamples(String verb) {
        if (verb.equals("overview")) {
            return;
        }
        assertEquals(new HelpCommand(Optional.of(verb)), Verbs.parse(List.of(verb, "--help")));
        assertTrue(Verbs.help(verb).contains("%shard " + verb), "no example in the help of " + verb);
        assertTrue(Verbs.help(verb).contains("Examples:"));
    }

    @Test
    void noWordsAtAllIsACallForHelp() {
        assertEquals(new HelpCommand(Optional.empty()), Verbs.parse(List.of()));
        assertEquals(new HelpCommand(Optional.empty()), Verbs.parse(List.of("help")));
        assertEquals(new HelpCommand(Optional.of("train")), Verbs.parse(List.of("help", "train")));
    }

    /** {@code var r = %shard train} is an Object, on which no method of a run compiles. */
    @ParameterizedTest
    @ValueSource(strings = {"Run r = %shard train", "PlanView p = %shard plan", "Verdict v = %shard check"})
    void theTypeOfAValueIsToldWhereItsVerbIsExplained(String declaration) {
        String verb = declaration.substring(declaration.lastIndexOf(' ') + 1);
        assertTrue(Verbs.help(verb).contains(declaration), Verbs.help(verb));
    }

    @Test
    void flagsThatComeLaterSaySoInTheHelp() {
        assertTrue(Verbs.help("plan").contains("--auto (choosing the scheme by search)"));
    }
}
