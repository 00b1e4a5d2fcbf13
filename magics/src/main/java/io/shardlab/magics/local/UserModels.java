package io.shardlab.magics.local;

import io.shardlab.cluster.BlockCompiler;
import io.shardlab.magics.backend.Plans;
import io.shardlab.magics.command.ModelOptions;
import io.shardlab.magics.command.Nearest;
import io.shardlab.model.BlockCode;
import io.shardlab.model.BlockSpec;
import io.shardlab.model.Presets;
import io.shardlab.plan.LossFunction;
import io.shardlab.run.Reply;
import io.shardlab.run.Request;
import io.shardlab.tensor.TensorShape;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The models that cells of this notebook wrote. Compiled here, where nothing of DJL is loaded; what they consist of is found by
 * a worker that runs them once, and forgotten with the workers. Any thread.
 */
final class UserModels {

    /** A model as far as its cell tells. */
    record Written(String name, BlockCode code, LossFunction loss, TensorShape input) {}

    private final Map<String, Written> written = Collections.synchronizedMap(new LinkedHashMap<>());
    private final Map<String, BlockSpec> described = new ConcurrentHashMap<>();

    Optional<Written> find(String name) {
        return Optional.ofNullable(written.get(name));
    }

    List<String> names() {
        synchronized (written) {
            return List.copyOf(written.keySet());
        }
    }

    /** Compiles and keeps a model, or finds the one that the options only name. */
    Written write(ModelOptions options) {
        if (options.text().isEmpty()) {
            return find(options.name())
                    .orElseThrow(() -> new IllegalArgumentException("no cell wrote a model '" + options.name()
                            + "'"
                            + Nearest.guess(options.name(), written.keySet())
                            + "; a cell that begins with `%%shard model " + options.name() + "` does"));
        }
        if (Presets.all().stream().anyMatch(preset -> preset.name().equals(options.name()))) {
            throw new IllegalArgumentException("'" + options.name() + "' is a preset; take another name");
        }
        BlockCode code;
        try {
            code = BlockCompiler.compile(options.text().get());
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("model " + options.name() + ": " + wrong.getMessage(), wrong);
        }
        Written model = new Written(
                options.name(),
                code,
                options.loss().orElse(LossFunction.CROSS_ENTROPY),
                options.input().orElse(ModelOptions.IMAGE));
        written.put(options.name(), model);
        described.remove(options.name());
        return model;
    }

    /** What the model consists of; the first call lets the workers take it in. */
    BlockSpec describe(Written model, Function<Request, List<Reply>> workers) {
        BlockSpec known = described.get(model.name());
        if (known != null) {
            return known;
        }
        Reply first =
                workers.apply(new Request.Describe(model.code(), model.input())).get(0);
        if (!(first instanceof Reply.Described found)) {
            throw new IllegalStateException("model " + model.name() + " was not looked at: the workers were stopped");
        }
        found.refusal().ifPresent(reason -> {
            forget(model);
            throw new IllegalArgumentException("model " + model.name() + ": " + reason);
        });
        BlockSpec spec = new BlockSpec(model.name(), model.code(), model.loss(), found.units());
        described.put(model.name(), spec);
        return spec;
    }

    /** It is none, so its name is not to be proposed. */
    void forget(Written model) {
        written.remove(model.name(), model);
    }

    /** For the list of models: what is known of each. */
    List<Plans.ModelRow> rows() {
        synchronized (written) {
            return written.keySet().stream()
                    .map(name -> Plans.ModelRow.ofNotebook(name, parameters(name)))
                    .toList();
        }
    }

    private OptionalLong parameters(String name) {
        BlockSpec known = described.get(name);
        return known == null
                ? OptionalLong.empty()
                : OptionalLong.of(known.units().stream()
                        .flatMap(unit -> unit.parameters().stream())
                        .mapToLong(parameter -> parameter.shape().numElements())
                        .sum());
    }

    /** New workers know no model. */
    void forgetDescriptions() {
        described.clear();
    }
}
