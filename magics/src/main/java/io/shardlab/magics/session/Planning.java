package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Schedules;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.PlanOptions;
import io.shardlab.magics.command.ScheduleOptions;

/** The verbs {@code model}, {@code schedule}, {@code plan} and {@code place}: what runs where. */
final class Planning {

    private final Backend backend;
    private final Work work;
    private final Preparation preparation;
    private final Journal journal;

    Planning(Backend backend, Work work, Preparation preparation, Journal journal) {
        this.backend = backend;
        this.work = work;
        this.preparation = preparation;
        this.journal = journal;
    }

    UserModel model(ModelOptions options) {
        return new UserModel(work.call("model", () -> backend.plans().model(options)));
    }

    ScheduleView schedule(ScheduleOptions options) {
        return work.look("schedule", () -> {
            Schedules schedules = backend.plans().schedules();
            options.text().ifPresent(text -> schedules.write(options.name(), text));
            return ScheduleView.of(options, schedules, backend.plans().placed());
        });
    }

    PlanView plan(PlanOptions options) {
        PlanView view = new PlanView(work.look("plan", () -> backend.plans().plan(preparation.known(options))));
        journal.planned(view);
        return view;
    }

    Placed place(PlanOptions options) {
        return new Placed(work.call("place", () -> backend.plans().place(preparation.known(options))));
    }
}
