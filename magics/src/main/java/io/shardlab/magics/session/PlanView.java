package io.shardlab.magics.session;

import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.screen.Port.Content;
import io.shardlab.magics.table.PlanGrids;
import io.shardlab.magics.view.Figures;
import io.shardlab.magics.view.PlanPicture;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Words;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;

/** A plan and what it will cost: data for cells. */
public final class PlanView {

    private final Plans.Estimate estimate;

    PlanView(Plans.Estimate estimate) {
        this.estimate = estimate;
    }

    public Plan plan() {
        return estimate.plan();
    }

    public Plans.Estimate estimate() {
        return estimate;
    }

    /** One row per rank. */
    public Table table() {
        return PlanGrids.estimate(estimate).table();
    }

    /** Whether every rank fits its device. */
    public boolean fits() {
        return estimate.fits();
    }

    /** The programs of the stages and the schedule, as text. */
    public String picture() {
        PlanPicture picture = new PlanPicture(estimate.plan());
        return picture.stages() + picture.schedule();
    }

    /** The figures of the whole job in one line. */
    String figures() {
        Plan.Workload workload = estimate.plan().workload();
        List<String> parts = new ArrayList<>();
        String each = plan().sampleShape().isPresent() ? " samples, " : " × " + workload.sequence() + " tokens, ";
        parts.add("batch " + workload.batch() + each + Words.counted(workload.microbatches(), "micro-batch"));
        estimate.stepMillis().ifPresent(ms -> parts.add("step " + Figures.decimal(ms, 1) + " ms"));
        estimate.tokensPerSecond().ifPresent(rate -> parts.add(Figures.decimal(rate, 0) + " " + plan().unit() + "/s"));
        estimate.bubblePercent().ifPresent(bubble -> parts.add("bubble " + Figures.decimal(bubble, 1) + " %"));
        estimate.costPerMillionTokens()
                .ifPresent(cost -> parts.add(Figures.decimal(cost, 4) + " per million " + plan().unit()));
        return "Predicted: " + String.join(", ", parts);
    }

    Content content() {
        return Content.table(PlanGrids.estimate(estimate))
                .above(Content.line(figures()))
                .above(Content.lines(estimate.advice()))
                .above(Content.preformatted(picture()));
    }

    @Override
    public String toString() {
        return "plan of " + plan().model() + " under " + plan().scheme() + (fits() ? "" : ", does not fit");
    }
}
