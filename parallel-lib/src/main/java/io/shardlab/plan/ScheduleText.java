package io.shardlab.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** A schedule as text: PyTorch's comma-separated form, one line per rank, with an optional header line. */
final class ScheduleText {

    private static final String HEADER = "schedule";
    private static final String IDLE_RANK = "-";

    private String name = "custom";
    private int numStages = -1;
    private int numMicrobatches = -1;
    private final List<List<Action>> ranks = new ArrayList<>();

    private ScheduleText() {}

    static String write(Schedule schedule) {
        String header = HEADER + " " + schedule.name() + " stages=" + schedule.numStages() + " microbatches="
                + schedule.numMicrobatches() + "\n";
        return schedule.actions().stream()
                .map(actions -> actions.isEmpty()
                        ? IDLE_RANK
                        : actions.stream().map(Action::toString).collect(Collectors.joining(" ")))
                .collect(Collectors.joining("\n", header, "\n"));
    }

    static Schedule read(String text) {
        ScheduleText reader = new ScheduleText();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            List<String> words = words(line);
            if (words.isEmpty()) {
                continue;
            }
            try {
                reader.readLine(words);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("schedule line " + number + ": " + e.getMessage(), e);
            }
        }
        return reader.finish();
    }

    private static List<String> words(String line) {
        int comment = line.indexOf('#');
        String code = comment < 0 ? line : line.substring(0, comment);
        return Arrays.stream(code.split("[\\s,]+"))
                .filter(word -> !word.isEmpty())
                .toList();
    }

    private void readLine(List<String> words) {
        if (words.get(0).equals(HEADER)) {
            if (!ranks.isEmpty()) {
                throw new IllegalArgumentException("the header '" + HEADER + "' must stand before the first rank");
            }
            words.subList(1, words.size()).forEach(this::readHeaderWord);
        } else if (words.equals(List.of(IDLE_RANK))) {
            ranks.add(List.of());
        } else {
            ranks.add(words.stream().map(Action::parse).toList());
        }
    }

    private void readHeaderWord(String word) {
        if (word.matches("stages=\\d{1,6}")) {
            numStages = Integer.parseInt(word.substring("stages=".length()));
        } else if (word.matches("microbatches=\\d{1,6}")) {
            numMicrobatches = Integer.parseInt(word.substring("microbatches=".length()));
        } else if (word.contains("=")) {
            throw new IllegalArgumentException("'" + word + "' is not of the form stages=2 or microbatches=4");
        } else {
            name = word;
        }
    }

    private Schedule finish() {
        if (ranks.isEmpty()) {
            throw new IllegalArgumentException("a schedule needs a line of actions for each rank, found none");
        }
        int stages = numStages;
        int microbatches = numMicrobatches;
        for (Action action : ranks.stream().flatMap(List::stream).toList()) {
            if (numStages < 0) {
                stages = Math.max(stages, action.stage() + 1);
            }
            if (numMicrobatches < 0) {
                microbatches = Math.max(microbatches, microbatch(action) + 1);
            }
        }
        return new Schedule(name, Math.max(stages, 0), Math.max(microbatches, 0), ranks);
    }

    private static int microbatch(Action action) {
        if (action instanceof Action.Compute compute) {
            return compute.microbatch();
        }
        if (action instanceof Action.Send send) {
            return send.microbatch();
        }
        return action instanceof Action.Receive receive ? receive.microbatch() : -1;
    }
}
