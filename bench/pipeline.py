"""Idle time of real pipelines of two ranks against the closed form with the stage times that the same steps show."""

import contextlib
import statistics

from build import say
from ratios import Goal, line
from runner import Runner

MICROBATCHES = (1, 2, 4, 8, 16)
RANKS = 2
COLUMNS = ["measured", "closed form"]
TITLE = "Idle time of pp=2 under 1F1B, hidden 512, 8 layers, m × 128 tokens, one core per rank"
NOTE = ("A step's window goes from the first thing any rank does to the end of the last pass; idle is the part of the "
        "ranks' time in it that no pass takes: fill and drain, waiting for the slower stage, messages. The closed form "
        "knows only the passes: with t1 and t2 the times of a forward and a backward pass of the stages, measured in "
        "the same steps, a window lasts t1 + t2 + (m − 1)·max(t1, t2). Medians over steps; percentage points.")


def idle(passes, microbatches):
    """Idle shares of one step in percent: measured, closed form with measured stage times, closed form of equal stages."""
    window = max(rank["last"] for rank in passes.values()) - min(rank["first"] for rank in passes.values())
    stages = [rank["busy"] / microbatches for rank in passes.values()]
    ideal = sum(stages) + (microbatches - 1) * max(stages)
    busy = sum(rank["busy"] for rank in passes.values())
    return (100 * (1 - busy / (RANKS * window)), 100 * (1 - busy / (RANKS * ideal)),
            100 * (RANKS - 1) / (microbatches + RANKS - 1))


def block(runner, microbatches, steps):
    """Medians over the steps after the first."""
    answer = runner.train(microbatches, steps + 1, microbatches)
    return [statistics.median(column) for column in zip(*(idle(p, microbatches) for p in answer["passes"][1:]))]


def measure(java, torch, quick, repetitions=None):
    repetitions, steps = (1, 2) if quick else (repetitions or 7, 5)
    found = {m: [] for m in MICROBATCHES}
    with contextlib.ExitStack() as stack:
        runner = Runner(java, "pipeline", "pp=2")
        stack.callback(runner.close)
        runner.train(8, 8)
        for index in range(repetitions):
            say(f"pipeline: repetition {index + 1} of {repetitions}")
            for m in (reversed(MICROBATCHES) if index % 2 else MICROBATCHES):
                found[m].append(block(runner, m, steps))
    rows = []
    for m, shares in found.items():
        measured, expected, equal = zip(*shares)
        row = line(f"m={m}: idle, and closed form", list(measured), list(expected), "%",
                   [a - b for a, b in zip(measured, expected)], "points above", Goal(3, at_least=False))
        row["remark"] = f"equal stages {equal[0]:.1f} %"
        rows.append(row)
    return rows
