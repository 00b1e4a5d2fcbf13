package io.shardlab.magics;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.shardlab.magics", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule KNOWS_NEITHER_THE_KERNEL_NOR_THE_ENGINE =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("org.dflib..", "ai.djl..");

    @ArchTest
    static final ArchRule WORDS_KNOW_NO_PICTURES_AND_NO_SESSION = noClasses()
            .that()
            .resideInAPackage("..command..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("..magics.session..", "..magics.view..", "tech.tablesaw..", "org.knowm..");

    @ArchTest
    static final ArchRule PICTURES_KNOW_NO_WORDS_AND_NO_SESSION = noClasses()
            .that()
            .resideInAPackage("..view..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("..magics.session..", "..magics.command..", "picocli..");

    @ArchTest
    static final ArchRule ONLY_WORDS_ARE_READ_BY_PICOCLI = noClasses()
            .that()
            .resideOutsideOfPackage("..command..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..");
}
