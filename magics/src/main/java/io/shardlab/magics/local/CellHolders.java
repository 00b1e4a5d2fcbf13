package io.shardlab.magics.local;

import io.shardlab.cell.CellOutcome;
import io.shardlab.cell.CellProgram;
import io.shardlab.cell.CompiledCell;
import io.shardlab.cell.RemoteVariable;
import io.shardlab.magics.backend.RankList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/** Which rank has run which declaration, and so has a value in its variables. */
final class CellHolders {

    private final Map<String, Set<Integer>> holders = new HashMap<>();

    /** Takes what a rank has done of a cell. */
    void note(CompiledCell cell, int rank, CellOutcome outcome) {
        List<CellProgram.Step> steps = cell.program().steps();
        for (int done = 0; done < steps.size(); done++) {
            if (!steps.get(done).declares().isEmpty()) {
                Set<Integer> having = holders.computeIfAbsent(steps.get(done).type(), type -> new TreeSet<>());
                if (done < outcome.stepsDone()) {
                    having.add(rank);
                }
            }
        }
    }

    boolean has(int rank, RemoteVariable.Field field) {
        return holders.getOrDefault(field.holder(), Set.of()).contains(rank);
    }

    /** The refusal of a cell for ranks on which a variable that it needs was never given a value. */
    Optional<IllegalStateException> missing(
            CompiledCell cell, List<Integer> ranks, Supplier<List<RemoteVariable.Field>> variables) {
        for (String used : cell.uses()) {
            Set<Integer> having = holders.get(used);
            if (having == null) {
                continue;
            }
            List<Integer> without =
                    ranks.stream().filter(rank -> !having.contains(rank)).toList();
            if (!without.isEmpty()) {
                String name = variables.get().stream()
                        .filter(field -> field.holder().equals(used))
                        .map(RemoteVariable.Field::name)
                        .findFirst()
                        .orElse("a variable");
                return Optional.of(new IllegalStateException(name + " has no value on "
                        + RankList.text(without) + ": the cell that declares it "
                        + (having.isEmpty()
                                ? "did not get that far"
                                : "ran on " + RankList.text(List.copyOf(having)) + " only")
                        + "; run that cell there as well, or `%shard push`"));
            }
        }
        return Optional.empty();
    }
}
