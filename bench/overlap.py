"""Communication beside computing on a simulated link, switched on and off side by side."""

import contextlib
import statistics

from build import say
from ratios import Goal, line
from runner import Runner, alone, periods, require_equal

LINK = "1GB/s,50us"
OFF = ("-Dshardlab.overlap=false",)
SCHEMES = ("tp=2", "dp=2")
COLUMNS = ["overlap", "no overlap"]
TITLE = f"Overlap, hidden 512, 8 layers, 8 × 128 tokens, 2 ranks, simulated link of {LINK}"
NOTE = ("The link is simulated: messages arrive when a link of that rate and latency would have brought them. *Off* runs "
        "each collective after what could have hidden it (`-Dshardlab.overlap=false`). Communication is what a step of "
        "the slower rank spends in collectives when overlap is off, and *hidden* is the share of it by which overlap "
        "shortens the step. Without a link there is little to hide and the copying needs the cores: the last lines say "
        "what overlap costs or brings there.")


def communication(answer):
    """Milliseconds of the last step in collectives, on the rank that has most of them."""
    return max(sum(millis.get(kind, 0) for kind in ("COLLECTIVE", "DATA_SYNC"))
               for millis in answer["lastStepMillisByRank"].values())


def off_block(runner, steps):
    """Step time and communication without overlap: medians of several requests, of which each tells its last step."""
    answers = [runner.train(1, 2) for _ in range(steps)]
    return (statistics.median(end - begin for answer in answers for begin, end in periods(answer)),
            statistics.median(communication(answer) for answer in answers))


def repetition(runners, steps, reverse):
    blocks = {}
    for scheme in SCHEMES:
        for where in ("link", "memory"):
            blocks[f"{scheme} {where} on"] = lambda r=runners[f"{scheme} {where} on"]: alone(r, 1, steps)
            blocks[f"{scheme} {where} off"] = lambda r=runners[f"{scheme} {where} off"]: off_block(r, steps)
    return {name: blocks[name]() for name in (reversed(blocks) if reverse else blocks)}


def lines(found):
    rows = []
    for scheme in SCHEMES:
        for where, label in (("link", "link"), ("memory", "no link")):
            on = [block[f"{scheme} {where} on"] for block in found]
            off, spent = zip(*(block[f"{scheme} {where} off"] for block in found))
            row = line(f"{scheme}, {label}: step with overlap, and without", on, list(off), "ms",
                       [b / a for a, b in zip(on, off)], "off / on")
            rows.append(row)
            if where == "link":
                rows.append(line(f"{scheme}, {label}: communication hidden, of", [], list(spent), "ms",
                                 [(b - a) / c for a, b, c in zip(on, off, spent)], "share of communication", Goal(0.5)))
    return rows


def measure(java, torch, quick, repetitions=None):
    repetitions, steps = (1, 2) if quick else (repetitions or 9, 4)
    with contextlib.ExitStack() as stack:
        runners = {}
        for scheme in SCHEMES:
            for where, more in (("link", [f"link={LINK}"]), ("memory", [])):
                for switch, flags in (("on", ()), ("off", OFF)):
                    name = f"{scheme} {where} {switch}"
                    runners[name] = Runner(java, name, scheme, *more, flags=flags)
                    stack.callback(runners[name].close)
        require_equal({name: runner.train(1, 8)["losses"] for name, runner in runners.items()})
        found = []
        for index in range(repetitions):
            say(f"overlap: repetition {index + 1} of {repetitions}")
            found.append(repetition(runners, steps, reverse=index % 2 == 1))
    return lines(found)
