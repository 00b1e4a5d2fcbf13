package io.shardlab.plan;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Optional;
import java.util.stream.Collectors;

/** How our values are written as JSON: in files of a run and on the control plane alike. */
public final class Json {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .build();

    private Json() {}

    public static JsonMapper mapper() {
        return MAPPER;
    }

    /**
     * A record out of a file that anybody may have written.
     *
     * @throws IllegalArgumentException if a part is missing or impossible; the message names it: {@code has no files[0].sha256}
     */
    public static <T extends Record> T read(JsonNode json, Class<T> type) {
        missing(json, type, "").ifPresent(part -> {
            throw new IllegalArgumentException("has no " + part);
        });
        try {
            return MAPPER.treeToValue(json, type);
        } catch (ValueInstantiationException refused) {
            String rule = refused.getCause() instanceof IllegalArgumentException broken
                    ? String.valueOf(broken.getMessage())
                    : refused.getOriginalMessage();
            throw new IllegalArgumentException("breaks a rule: " + rule, refused);
        } catch (JsonMappingException other) {
            String part = other.getPath().stream()
                    .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
                    .collect(Collectors.joining("."));
            throw new IllegalArgumentException(
                    "is not the expected JSON at '" + part + "': " + other.getOriginalMessage(), other);
        } catch (JsonProcessingException other) {
            throw new IllegalArgumentException("is not the expected JSON: " + other.getOriginalMessage(), other);
        }
    }

    /** The first part of a value that is not there though its type is not {@code Optional}. */
    private static Optional<String> missing(JsonNode json, Type type, String name) {
        boolean there = !json.isMissingNode() && !json.isNull();
        if (type instanceof ParameterizedType generic) {
            return generic.getRawType() == Optional.class
                    ? (there ? missing(json, generic.getActualTypeArguments()[0], name) : Optional.empty())
                    : (there ? missingElement(json, generic, name) : Optional.of(name));
        }
        if (!there) {
            return Optional.of(name);
        }
        if (json.isObject() && type instanceof Class<?> known && known.isRecord()) {
            for (RecordComponent part : known.getRecordComponents()) {
                Optional<String> found = missing(
                        json.path(part.getName()),
                        part.getGenericType(),
                        name + (name.isEmpty() ? "" : ".") + part.getName());
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> missingElement(JsonNode list, ParameterizedType type, String name) {
        for (int i = 0; list.isArray() && i < list.size(); i++) {
            Optional<String> found = missing(list.path(i), type.getActualTypeArguments()[0], name + "[" + i + "]");
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }
}
