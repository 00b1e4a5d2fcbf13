package io.shardlab.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** The {@code config.json} of a Llama model: its fields, and which of them ask for more than is there. */
record LlamaConfig(JsonNode json) {

    /** Where a rotary base and kind may stand: transformers 5 writes the first, older ones the second. */
    private static final List<String> ROPE_OBJECTS = List.of("rope_parameters", "rope_scaling");

    /** A field that changes what a model computes, and the values under which it computes what is there. */
    private record Expected(String field, String value, Predicate<JsonNode> holds) {

        static Expected text(String field, String value) {
            return new Expected(field, value, node -> node.asText().equals(value));
        }

        static Expected number(String field, double value) {
            return new Expected(field, String.valueOf(value), node -> node.isNumber() && node.asDouble() == value);
        }

        static Expected off(String field) {
            return new Expected(field, "false", node -> node.isBoolean() && !node.asBoolean());
        }

        static Expected nothing(String field) {
            return new Expected(field, "none", node -> false);
        }
    }

    private static final List<Expected> EXPECTED = List.of(
            Expected.text("model_type", "llama"),
            Expected.text("hidden_act", "silu"),
            Expected.text("hidden_activation", "silu"),
            Expected.off("attention_bias"),
            Expected.off("mlp_bias"),
            Expected.off("use_qk_norm"),
            Expected.off("rope_interleaved"),
            Expected.number("partial_rotary_factor", 1),
            Expected.number("embedding_multiplier", 1),
            Expected.number("residual_multiplier", 1),
            Expected.number("logits_scaling", 1),
            Expected.number("attention_dropout", 0),
            Expected.nothing("attention_multiplier"),
            Expected.nothing("attn_logit_softcapping"),
            Expected.nothing("final_logit_softcapping"));

    /** Refuses, in one message, every field that asks for another computation than there is. */
    void refuseWhatIsNotSupported() {
        List<String> found = new ArrayList<>();
        JsonNode architectures = json.path("architectures");
        for (JsonNode architecture : architectures.isTextual() ? List.of(architectures) : architectures) {
            if (!architecture.asText().equals("LlamaForCausalLM")) {
                found.add(notThere("architectures", architecture, "LlamaForCausalLM"));
            }
        }
        for (Expected expected : EXPECTED) {
            check(json, "", expected).ifPresent(found::add);
        }
        int positions = maxSequence();
        check(
                        json,
                        "",
                        new Expected(
                                "sliding_window",
                                "none, or at least the " + positions + " positions",
                                node -> node.isNumber() && node.asLong() >= positions))
                .ifPresent(found::add);
        for (String object : ROPE_OBJECTS) {
            refuseOtherRotation(object, found);
        }
        if (!found.isEmpty()) {
            throw new IllegalArgumentException("asks for what is not there yet: " + String.join(", ", found)
                    + "; shardlab computes the Llama architecture, so choose a model of it");
        }
    }

    private void refuseOtherRotation(String object, List<String> found) {
        JsonNode rope = json.path(object);
        if (isAbsent(rope)) {
            return;
        }
        boolean untold = isAbsent(rope.path("rope_type")) && isAbsent(rope.path("type"));
        if (!rope.isObject() || (untold && rope.has("factor"))) {
            found.add(notThere(object, rope, "rope_type default"));
            return;
        }
        check(rope, object + ".", Expected.text("rope_type", "default")).ifPresent(found::add);
        check(rope, object + ".", Expected.text("type", "default")).ifPresent(found::add);
        check(rope, object + ".", Expected.number("partial_rotary_factor", 1)).ifPresent(found::add);
    }

    private static Optional<String> check(JsonNode holder, String prefix, Expected expected) {
        JsonNode node = holder.path(expected.field());
        return isAbsent(node) || expected.holds().test(node)
                ? Optional.empty()
                : Optional.of(notThere(prefix + expected.field(), node, expected.value()));
    }

    private static String notThere(String field, JsonNode found, String expected) {
        return field + " " + found + " (expected " + expected + ")";
    }

    /** The base of the rotary frequencies, which may stand in several places and must be the same in all of them. */
    double ropeTheta() {
        String where = "rope_theta";
        Optional<Double> theta = number(json, where, where);
        for (String object : ROPE_OBJECTS) {
            String here = object + ".rope_theta";
            Optional<Double> other = number(json.path(object), "rope_theta", here);
            if (theta.isPresent() && other.isPresent() && !theta.equals(other)) {
                throw new IllegalArgumentException(where + " " + theta.get() + " and " + here + " " + other.get()
                        + " contradict each other; leave the right one");
            }
            if (theta.isEmpty()) {
                theta = other;
                where = here;
            }
        }
        return theta.orElse(10_000.0);
    }

    int maxSequence() {
        return integer("max_position_embeddings", 2048);
    }

    int integer(String field) {
        JsonNode node = json.path(field);
        if (!node.isInt()) {
            throw new IllegalArgumentException(
                    field + (node.isMissingNode() ? " is missing" : " is not a whole number: " + node));
        }
        return node.asInt();
    }

    int integer(String field, int otherwise) {
        return isAbsent(json.path(field)) ? otherwise : integer(field);
    }

    double number(String field, double otherwise) {
        return number(json, field, field).orElse(otherwise);
    }

    private static Optional<Double> number(JsonNode holder, String field, String name) {
        JsonNode node = holder.path(field);
        if (isAbsent(node)) {
            return Optional.empty();
        }
        if (!node.isNumber()) {
            throw new IllegalArgumentException(name + " is not a number: " + node);
        }
        return Optional.of(node.asDouble());
    }

    boolean flag(String field) {
        JsonNode node = json.path(field);
        if (!isAbsent(node) && !node.isBoolean()) {
            throw new IllegalArgumentException(field + " is not true or false: " + node);
        }
        return node.asBoolean(false);
    }

    private static boolean isAbsent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }
}
