package io.shardlab.magics.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.run.Reply;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Models of cells: what is kept, and what is not. */
class UserModelsTest {

    private final UserModels models = new UserModels();

    private UserModels.Written write(String name, String body) {
        return models.write(new ModelOptions(name, Optional.empty(), Optional.empty(), Optional.of(body)));
    }

    @Test
    void aModelOfTheNotebookIsListedBesideThePresets() {
        write("mine", "return new SequentialBlock();");
        assertEquals(List.of(Plans.ModelRow.ofNotebook("mine", OptionalLong.empty())), models.rows());
    }

    /** Names of cells that had failed were proposed ever after: {@code did you mean bad2?}. */
    @Test
    void aModelThatAWorkerRefusesIsForgotten() {
        UserModels.Written bad = write("bad", "return null;");
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> models.describe(
                        bad, request -> List.of(new Reply.Described(List.of(), Optional.of("it returned null")))));
        assertEquals("model bad: it returned null", refused.getMessage());
        assertEquals(List.of(), models.names());
    }

    /** The compiler alone said {@code line 2: ';' expected}. */
    @Test
    void aBodyWithoutReturnIsToldTheRuleFirst() {
        String said =
                String.valueOf(assertThrows(IllegalArgumentException.class, () -> write("one", "new SequentialBlock()"))
                        .getMessage());
        assertTrue(said.startsWith("model one: the cell must end with `return` and a Block; line 2: "), said);
        said = String.valueOf(assertThrows(IllegalArgumentException.class, () -> write("two", "new SequentialBlock();"))
                .getMessage());
        assertEquals(said.indexOf("must end with"), said.lastIndexOf("must end with"), said);
    }
}
