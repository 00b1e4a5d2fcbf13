"""Pairs of measurements, their ratios, and what the ratios say about a goal."""

import dataclasses
import random
import statistics

RESAMPLES = 4000


def interleaved(count, first, second):
    """Calls both `count` times in the order A B, B A, A B, … and returns the pairs of what they gave."""
    pairs = []
    for index in range(count):
        if index % 2 == 0:
            a = first()
            pairs.append((a, second()))
        else:
            b = second()
            pairs.append((first(), b))
    return pairs


def interval(values):
    """Bootstrap interval (95 %) of the median; of fewer than six values the whole range."""
    if len(values) < 6:
        return min(values), max(values)
    generator = random.Random(1)
    medians = sorted(statistics.median(generator.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES) - 1]


@dataclasses.dataclass
class Goal:
    """A bound on a ratio."""

    bound: float
    at_least: bool = True

    def text(self):
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"

    def verdict(self, median, low, high):
        sign = 1 if self.at_least else -1
        if min(sign * low, sign * high) >= sign * self.bound:
            return "yes"
        return "at the median only" if sign * median >= sign * self.bound else "no"


def line(name, ours, peer, unit, ratios, what, goal=None):
    """One line of a table: both sides' values per repetition, their ratios and the verdict."""
    low, high = interval(ratios)
    median = statistics.median(ratios)
    return {
        "name": name, "unit": unit, "ratioIs": what,
        "ours": statistics.median(ours) if ours else None, "peer": statistics.median(peer) if peer else None,
        "ratio": median, "low": low, "high": high, "repetitions": len(ratios),
        "goal": goal.text() if goal else None, "reached": goal.verdict(median, low, high) if goal else None,
        "allOurs": ours, "allPeer": peer, "allRatios": ratios}
