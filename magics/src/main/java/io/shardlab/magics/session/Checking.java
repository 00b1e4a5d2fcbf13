package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.command.CheckOptions;

/** The verb {@code check}: the sharded model beside one device. */
final class Checking {

    private final Backend backend;
    private final Work work;
    private final Preparation preparation;
    private final Journal journal;

    Checking(Backend backend, Work work, Preparation preparation, Journal journal) {
        this.backend = backend;
        this.work = work;
        this.preparation = preparation;
        this.journal = journal;
    }

    Verdict check(CheckOptions options) {
        Verdict verdict = work.call("check", () -> {
            Preparation.Prepared prepared =
                    preparation.prepare(options.placement(), options.workload(), options.source());
            return new Verdict(backend.runs()
                    .check(new Runs.CheckRequest(
                            prepared.workload(),
                            prepared.schedule(),
                            options.steps(),
                            options.tolerance(),
                            prepared.data(),
                            options.breakage())));
        });
        journal.checked(verdict);
        return verdict;
    }
}
