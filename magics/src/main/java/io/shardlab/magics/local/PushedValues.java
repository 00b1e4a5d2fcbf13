package io.shardlab.magics.local;

import io.shardlab.cell.RemoteValue;
import io.shardlab.magics.backend.Cells;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Values on their way to workers.
 *
 * @param source the cell that declares them
 * @param values by name
 */
record PushedValues(String source, Map<String, RemoteValue> values) {

    static PushedValues of(Map<String, Object> values) {
        StringBuilder source = new StringBuilder();
        Map<String, RemoteValue> sent = new LinkedHashMap<>();
        long total = 0;
        for (Map.Entry<String, Object> entry : values.entrySet()) {
            String name = entry.getKey();
            Cells.requireName(name);
            RemoteValue value;
            try {
                value = RemoteValue.of(entry.getValue());
            } catch (IllegalArgumentException refused) {
                throw new IllegalArgumentException("push: " + name + ": " + refused.getMessage(), refused);
            }
            total += value.bytes().length;
            sent.put(name, value);
            source.append(value.javaType())
                    .append(' ')
                    .append(name)
                    .append(" = (")
                    .append(value.javaType());
            source.append(") io.shardlab.cell.Here.pushed(\"").append(name).append("\");\n");
        }
        if (total > RemoteValue.MOST_BYTES) {
            throw new IllegalArgumentException("push: values of " + total + " bytes together are over the limit of "
                    + (RemoteValue.MOST_BYTES >> 20) + " MiB; push them one by one");
        }
        return new PushedValues(source.toString(), sent);
    }
}
