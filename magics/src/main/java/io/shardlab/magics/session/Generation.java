package io.shardlab.magics.session;

import io.shardlab.magics.backend.Backend;
import io.shardlab.magics.backend.Runs;
import io.shardlab.magics.command.InferOptions;
import io.shardlab.plan.Plan;
import java.util.List;
import java.util.function.Consumer;

/** The verb {@code infer}: text in, text out. */
final class Generation {

    private final Backend backend;
    private final Work work;
    private final Preparation preparation;

    Generation(Backend backend, Work work, Preparation preparation) {
        this.backend = backend;
        this.work = work;
        this.preparation = preparation;
    }

    Answer infer(InferOptions options, Consumer<String> listener) {
        StringBuilder text = new StringBuilder();
        return work.call("infer", () -> {
            Plan plan = preparation.placed(options.placement());
            List<Integer> prompt = prompt("infer", plan, options.prompt());
            ByteText decoder = new ByteText();
            Runs.InferOutcome outcome = backend.runs()
                    .infer(prompt, options.maxNew(), (id, millis) -> hear(decoder.add(id), text, listener));
            hear(decoder.end(), text, listener);
            return new Answer(
                    options.prompt(),
                    prompt.size(),
                    text.toString(),
                    plan.scheme().toString(),
                    outcome);
        });
    }

    /** The prompt's tokens; refuses a model that says none. */
    static List<Integer> prompt(String verb, Plan plan, String text) {
        if (plan.sampleShape().isPresent()) {
            throw new IllegalArgumentException(verb + " is for language models; " + plan.model()
                    + " is a block of this notebook that takes samples of shape "
                    + plan.sampleShape().get() + ", and can be trained and checked");
        }
        return ByteText.tokens(text, plan.vocabularySize());
    }

    private static void hear(String piece, StringBuilder text, Consumer<String> listener) {
        if (!piece.isEmpty()) {
            text.append(piece);
            listener.accept(piece);
        }
    }
}
