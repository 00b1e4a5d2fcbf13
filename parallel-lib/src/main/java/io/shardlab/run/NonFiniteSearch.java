package io.shardlab.run;

import io.shardlab.engine.Tensor;
import io.shardlab.plan.Plan;
import io.shardlab.plan.Stage;
import io.shardlab.plan.Step;
import io.shardlab.tensor.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Finds the first value of a step that is not finite: first in the order of computation, forward passes before backward
 * ones. Looking at every value costs a step's time, so a step is only looked at again once its loss or gradient norm is not
 * finite. Owned by the rank's thread.
 */
final class NonFiniteSearch {

    private static final long STEPS = 1L << 20;
    private static final long BACKWARD = 1L << 40;

    private final Plan plan;
    /** Place in the order of computation, from 1; 0 while nothing is found. */
    private long found;

    private Optional<String> cause = Optional.empty();

    NonFiniteSearch(Plan plan) {
        this.plan = plan;
    }

    /** Looks at what a stage's step gave. */
    void forward(Stage stage, int step, Tensor output) {
        look(1 + stage.index() * STEPS + step, output);
    }

    /** Looks at the gradient that going back through a step gave. */
    void backward(Stage stage, int step, Tensor inputGradient) {
        long stages = plan.stages().size() - 1L - stage.index();
        look(1 + BACKWARD + stages * STEPS + stage.steps().size() - 1 - step, inputGradient);
    }

    private void look(long place, Tensor value) {
        if ((found == 0 || place < found) && !finite(value.type(), value.bytes())) {
            found = place;
        }
    }

    private static boolean finite(TensorType type, ByteBuffer bytes) {
        for (int i = 0; i < bytes.limit(); i += type.bytes()) {
            if (!Double.isFinite(type == TensorType.FLOAT32 ? bytes.getFloat(i) : bytes.getDouble(i))) {
                return false;
            }
        }
        return true;
    }

    /** Chooses among all ranks' findings; every rank calls it. */
    void agree(PlacedPlan placed) {
        int numRanks = plan.mesh().size();
        ByteBuffer places = ByteBuffer.allocateDirect(numRanks * Double.BYTES).order(ByteOrder.nativeOrder());
        places.putDouble(placed.rank() * Double.BYTES, found);
        placed.mesh().allReduce(places, TensorType.FLOAT64);
        long first = 0;
        int rank = 0;
        for (int i = 0; i < numRanks; i++) {
            long place = (long) places.getDouble(i * Double.BYTES);
            if (place > 0 && (first == 0 || place < first)) {
                first = place;
                rank = i;
            }
        }
        if (first > 0) {
            cause = Optional.of(name(first - 1) + " is not finite on rank " + rank + " ("
                    + plan.mesh().role(rank) + ")");
        }
    }

    /** What was agreed on, the same on all ranks; empty if all values were finite this time. */
    Optional<String> cause() {
        return cause;
    }

    private String name(long place) {
        boolean back = place >= BACKWARD;
        long index = place % BACKWARD / STEPS;
        Stage stage = plan.stages().get(Math.toIntExact(back ? plan.stages().size() - 1 - index : index));
        int at = Math.toIntExact(place % STEPS);
        Step step = stage.steps().get(back ? stage.steps().size() - 1 - at : at);
        String what = step instanceof Step.Local local ? local.segment().name() : step.output();
        if (step instanceof Step.Communicate) {
            return (back ? "the gradient summed for " : "the sum ") + what;
        }
        return back ? "the gradient that comes back from " + what : "the output of " + what;
    }
}
