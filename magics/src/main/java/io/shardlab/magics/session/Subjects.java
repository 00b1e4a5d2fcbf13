package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.home.Corpus;
import io.shardlab.magics.home.HomeFolder;
import io.shardlab.magics.home.SampleSets;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongSupplier;

/** What a laboratory's verbs are about: one of each subject, made for one another. {@link Lab} passes verbs on to them. */
record Subjects(
        SessionWorkers workers,
        Planning planning,
        Training training,
        StartedRuns runs,
        InBackground background,
        Generation generation,
        Checking checking,
        Comparisons comparisons,
        SavedModels savedModels,
        SessionCells cells,
        BackgroundCells backgroundCells,
        Observations observations,
        Reports reports) {

    static Subjects of(Backend backend, Work work, Map<String, String> environment, LongSupplier nanos) {
        Path home = HomeFolder.of(environment);
        Corpus corpus = new Corpus(home, environment);
        Preparation preparation = new Preparation(backend, corpus, new SampleSets(home));
        Journal journal = new Journal();
        StartedRuns runs = new StartedRuns();
        InBackground background = new InBackground(backend, work, runs);
        SessionCells cells = new SessionCells(backend, work);
        return new Subjects(
                new SessionWorkers(backend, work, background, environment),
                new Planning(backend, work, preparation, journal),
                new Training(backend, work, preparation, home, journal, runs, background, nanos),
                runs,
                background,
                new Generation(backend, work, preparation),
                new Checking(backend, work, preparation, journal),
                new Comparisons(backend, work, preparation, home, journal),
                new SavedModels(backend, work),
                cells,
                new BackgroundCells(cells, background, runs, nanos),
                new Observations(backend, work, corpus),
                new Reports(backend, work, journal));
    }
}
