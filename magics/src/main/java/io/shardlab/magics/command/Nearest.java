package io.shardlab.magics.command;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Guesses which allowed word was meant, by the number of letters to change, swap, add or drop. */
public final class Nearest {

    private Nearest() {}

    /** The nearest allowed word, unless all are far from what was typed. */
    static Optional<String> to(String typed, Collection<String> allowed) {
        String word = bare(typed);
        if (word.matches("[0-9.,:-]*")) {
            return Optional.empty(); // Another number is not what was meant.
        }
        String best = "";
        int least = Integer.MAX_VALUE;
        for (String candidate : allowed) {
            String bare = bare(candidate);
            int distance = distance(word, bare);
            int affordable = Math.max(1, Math.max(word.length(), bare.length()) / 3);
            boolean begins = word.length() >= 2 && bare.startsWith(word);
            if ((distance <= affordable || begins) && distance < least) {
                least = distance;
                best = candidate;
            }
        }
        return best.isEmpty() ? Optional.empty() : Optional.of(best);
    }

    /** {@code ; did you mean …?} for the end of a sentence; nothing if all are far. */
    public static String guess(String typed, Collection<String> allowed) {
        return to(typed, allowed).map(near -> "; did you mean " + near + "?").orElse("");
    }

    private static String bare(String word) {
        return word.toLowerCase(Locale.ROOT).replaceAll("^[-\u2010-\u2015\u2212]+", "");
    }

    /** Optimal string alignment distance (Damerau 1964, Levenshtein 1966). */
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            d[i][0] = i;
        }
        for (int j = 0; j <= b.length(); j++) {
            d[0][j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            for (int j = 1; j <= b.length(); j++) {
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
