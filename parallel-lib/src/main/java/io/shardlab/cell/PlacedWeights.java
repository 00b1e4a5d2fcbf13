package io.shardlab.cell;

import io.shardlab.engine.Shard;
import io.shardlab.engine.UserArrays;
import io.shardlab.plan.ParameterSpec;
import io.shardlab.tensor.TensorType;
import java.util.AbstractMap;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The weights that a rank holds of the placed model, in model order. Every look at a value makes a copy, an array of the cells'
 * manager: changing it does not change the model.
 */
public final class PlacedWeights extends AbstractMap<String, Object> {

    private final Map<String, ParameterSpec> parameters = new LinkedHashMap<>();
    private final Shard shard;
    private final int tensorIndex;
    private final TensorType type;
    private final UserArrays arrays;

    public PlacedWeights(Shard shard, int tensorIndex, TensorType type, UserArrays arrays) {
        this.shard = shard;
        this.tensorIndex = tensorIndex;
        this.type = type;
        this.arrays = arrays;
        shard.parameters().forEach(parameter -> parameters.put(parameter.name(), parameter));
    }

    @Override
    public @Nullable Object get(@Nullable Object name) {
        ParameterSpec parameter = parameters.get(name);
        return parameter == null
                ? null
                : arrays.create(shard.weight(parameter.name()), parameter.localShape(tensorIndex), type);
    }

    @Override
    public boolean containsKey(@Nullable Object name) {
        return parameters.containsKey(name);
    }

    @Override
    public int size() {
        return parameters.size();
    }

    @Override
    public Set<String> keySet() {
        return Collections.unmodifiableSet(parameters.keySet());
    }

    /** Copies everything at once; to look at a few, ask for them by name. */
    @Override
    public Set<Entry<String, Object>> entrySet() {
        Set<Entry<String, Object>> entries = new LinkedHashSet<>();
        for (ParameterSpec parameter : parameters.values()) {
            entries.add(new SimpleImmutableEntry<>(
                    parameter.name(),
                    arrays.create(shard.weight(parameter.name()), parameter.localShape(tensorIndex), type)));
        }
        return entries;
    }

    @Override
    public String toString() {
        return parameters.size() + " weights " + parameters.keySet();
    }
}
