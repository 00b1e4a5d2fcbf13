package io.shardlab.run;

import io.shardlab.comm.Communicator;
import io.shardlab.engine.Scope;
import io.shardlab.engine.Tensor;
import io.shardlab.mesh.Axis;
import io.shardlab.plan.Collective;
import io.shardlab.plan.Segment;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.TensorShape;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * Runs a stage's steps forward, and backward in reverse with each collective replaced by its adjoint. Owned by the rank's
 * thread.
 */
final class StageProgram {

    private final Stage stage;
    private final TensorCollectives collectives;
    private final StopSignal stop;
    /** Values that no step after this one reads. */
    private final List<Set<String>> lastUses;

    private Optional<NonFiniteSearch> search = Optional.empty();

    StageProgram(Stage stage, Communicator tensorGroup, Recorder recorder, StopSignal stop) {
        this.stage = stage;
        collectives = new TensorCollectives(tensorGroup, recorder);
        this.stop = stop;
        lastUses = lastUses(stage);
    }

    private static List<Set<String>> lastUses(Stage stage) {
        Set<String> seen = new HashSet<>(Set.of(stage.output()));
        LinkedList<Set<String>> uses = new LinkedList<>();
        for (int i = stage.steps().size() - 1; i >= 0; i--) {
            Set<String> last = new HashSet<>();
            for (String name : stage.steps().get(i).inputs()) {
                if (seen.add(name)) {
                    last.add(name);
                }
            }
            uses.addFirst(last);
        }
        return uses;
    }

    /** Lets every value of the passes to come be looked at, or none. */
    void look(Optional<NonFiniteSearch> wanted) {
        search = wanted;
    }

    Stage stage() {
        return stage;
    }

    /**
     * Computes the stage's output.
     *
     * @param given the input and, on the last stage, the targets; closed when no longer needed
     * @param rows [b,T] of the micro-batch
     * @param observer sees every value as it is defined
     */
    Tensor forward(Scope scope, Map<String, Tensor> given, TensorShape rows, BiConsumer<String, Tensor> observer) {
        return run(scope, given, rows, observer, stage.output());
    }

    /**
     * The all-reduce that completes what a step computes, where it comes next and may go on beside it; not while somebody looks
     * for the rank that spoils a value.
     */
    private Optional<Step.Communicate> sumOf(int i) {
        return Overlap.WANTED
                        && search.isEmpty()
                        && stage.steps().get(i) instanceof Step.Local local
                        && i + 1 < stage.steps().size()
                        && stage.steps().get(i + 1) instanceof Step.Communicate next
                        && next.collective() == Collective.ALL_REDUCE
                        && next.axis() == Axis.TENSOR
                        && next.input().equals(local.output())
                ? Optional.of(next)
                : Optional.empty();
    }

    /** Computes up to the value {@code wanted}, which no step before its definition may read last. */
    Tensor until(Scope scope, Map<String, Tensor> given, TensorShape rows, String wanted) {
        return run(scope, given, rows, (name, value) -> {}, wanted);
    }

    private Tensor run(
            Scope scope,
            Map<String, Tensor> given,
            TensorShape rows,
            BiConsumer<String, Tensor> observer,
            String wanted) {
        Map<String, Tensor> values = new HashMap<>(given);
        for (int i = 0; i < stage.steps().size() && !values.containsKey(wanted); i++) {
            stop.check();
            Step step = stage.steps().get(i);
            List<Tensor> inputs = step.inputs().stream().map(values::get).toList();
            Tensor output;
            if (step instanceof Step.Local local) {
                Optional<Step.Communicate> sum = sumOf(i);
                output = sum.isPresent()
                        ? collectives.allReduceGrowing(
                                sum.get(), listener -> scope.forward(local.segment(), inputs, listener))
                        : scope.forward(local.segment(), inputs);
            } else if (i > 0 && sumOf(i - 1).isPresent()) {
                output = scope.alias(inputs.get(0)); // It was completed while it was computed.
            } else {
                output = scope.alias(inputs.get(0));
                if (step instanceof Step.Communicate communicate) {
                    output = collectives.run(
                            scope, communicate.collective(), communicate, output, rows, Optional.empty());
                }
            }
            observer.accept(step.output(), output);
            Tensor value = output;
            int position = i;
            search.ifPresent(s -> s.forward(stage, position, value));
            for (String name : lastUses.get(i)) {
                Tensor unused = values.remove(name);
                if (unused != null) {
                    unused.close();
                }
            }
            values.put(step.output(), output);
        }
        Tensor output = values.remove(wanted);
        values.values().forEach(Tensor::close);
        if (output == null) {
            throw new IllegalStateException("stage " + stage.index() + " gave no " + wanted);
        }
        return output;
    }

    /** Carries the gradient of the output back to the input, adding to weight gradients on the way; empty at the tokens. */
    Optional<Tensor> backward(Scope scope, Tensor outputGradient, TensorShape rows) {
        return backward(scope, outputGradient, rows, false);
    }

    /** As {@link #backward}, but puts weight gradients off until {@link #backwardWeights}. */
    Optional<Tensor> backwardInputs(Scope scope, Tensor outputGradient, TensorShape rows) {
        return backward(scope, outputGradient, rows, true);
    }

    /** Adds the weight gradients that {@link #backwardInputs} put off. */
    void backwardWeights(Scope scope) {
        for (int i = stage.steps().size() - 1; i >= 0; i--) {
            stop.check();
            if (stage.steps().get(i) instanceof Step.Local local) {
                scope.backwardWeights(local.segment());
            }
        }
    }

    private Optional<Tensor> backward(Scope scope, Tensor outputGradient, TensorShape rows, boolean inputsOnly) {
        Map<String, Tensor> gradients = new HashMap<>();
        gradients.put(stage.output(), outputGradient);
        // The segment whose weights wait until the collective on its input's gradient is under way.
        Optional<Segment> waiting = Optional.empty();
        for (int i = stage.steps().size() - 1; i >= 0; i--) {
            stop.check();
            Step step = stage.steps().get(i);
            int position = i;
            Tensor gradient = gradients.remove(step.output());
            if (gradient == null) {
                throw new IllegalStateException("value '" + step.output() + "' has no gradient");
            }
            if (step instanceof Step.Local local) {
                List<Optional<Tensor>> found = scope.backwardInputs(local.segment(), gradient);
                found.forEach(input -> input.ifPresent(value -> look(position, value)));
                for (int input = 0; input < found.size(); input++) {
                    String name = step.inputs().get(input);
                    boolean fresh = !(local.segment().kind() instanceof Segment.Residual);
                    found.get(input).ifPresent(tensor -> accumulate(scope, gradients, name, tensor, fresh));
                }
                gradient.close();
                if (!inputsOnly && beforeCollective(i)) {
                    waiting = Optional.of(local.segment());
                } else if (!inputsOnly) {
                    scope.backwardWeights(local.segment());
                }
            } else {
                if (step instanceof Step.Communicate communicate) {
                    Optional<Segment> weights = waiting;
                    waiting = Optional.empty();
                    gradient = collectives.run(
                            scope,
                            communicate.collective().adjoint(),
                            communicate,
                            gradient,
                            rows,
                            weights.map(segment -> () -> scope.backwardWeights(segment)));
                }
                look(position, gradient);
                accumulate(scope, gradients, step.inputs().get(0), gradient, false);
            }
        }
        return Optional.ofNullable(gradients.get(stage.input()));
    }

    private void look(int position, Tensor gradient) {
        search.ifPresent(s -> s.backward(stage, position, gradient));
    }

    /** Whether going back, a collective comes right after step {@code i}, on what that step gave. */
    private boolean beforeCollective(int i) {
        return i > 0
                && stage.steps().get(i - 1) instanceof Step.Communicate communicate
                && communicate.collective().adjoint().communicates()
                && stage.steps().get(i).inputs().contains(communicate.output());
    }

    /**
     * Adds to the gradient of a value.
     *
     * @param gradient given up
     * @param fresh whether nothing else reads its storage
     */
    private static void accumulate(
            Scope scope, Map<String, Tensor> gradients, String name, Tensor gradient, boolean fresh) {
        Tensor before = gradients.get(name);
        if (before == null) {
            gradients.put(name, gradient);
            return;
        }
        if (!fresh) {
            throw new IllegalStateException("value '" + name + "' has a gradient already, before one that is shared");
        }
        scope.addInto(gradient, before);
        gradients.put(name, gradient);
        before.close();
    }
}
