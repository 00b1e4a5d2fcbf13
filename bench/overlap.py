"""Communication beside computing on a simulated link, switched on and off side by side."""

import contextlib
import statistics

from build import say
from ratios import Goal, line
from runner import Runner, make_ready, periods

LINK = "1GB/s,50us"
OFF = ("-Dshardlab.overlap=false",)
SCHEMES = ("tp=2", "dp=2")
COLUMNS = ["overlap", "no overlap"]
TITLE = f"Overlap, hidden 512, 8 layers, 8 × 128 tokens, 2 ranks, simulated link of {LINK}"
NOTE = ("The link is simulated: messages arrive when a link of that rate and latency would have brought them. *No overlap* "
        "runs each collective after what could have hidden it (`-Dshardlab.overlap=false`). *Exposed* is what a step of the "
        "slower rank spends inside collectives of tensors or gradients, waiting and copying, while it computes nothing; "
        "*hidden* is the share of it that overlap takes away. Of tensor parallelism's all-reduces those of input gradients "
        "hide behind the products of weight gradients, those of the forward pass behind the rest of the product that they "
        "complete. Without a link there is little to hide and the copying needs the cores: those lines say what overlap costs or brings there.")


def exposed(answer):
    """Milliseconds of the last step in collectives, on the rank that has most of them."""
    return max(sum(millis.get(kind, 0) for kind in ("COLLECTIVE", "DATA_SYNC"))
               for millis in answer["lastStepMillisByRank"].values())


def block(runner, steps):
    """Step time and exposed communication: medians of several requests, of which each tells its last step."""
    answers = [runner.train(1, 2) for _ in range(steps)]
    return (statistics.median(end - begin for answer in answers for begin, end in periods(answer)),
            statistics.median(exposed(answer) for answer in answers))


def repetition(runners, steps, reverse):
    names = list(reversed(runners)) if reverse else list(runners)
    return {name: block(runners[name], steps) for name in names}


def lines(found):
    rows = []
    for scheme in SCHEMES:
        for where, label in (("link", "link"), ("memory", "no link")):
            on, waited_on = zip(*(times[f"{scheme} {where} on"] for times in found))
            off, waited_off = zip(*(times[f"{scheme} {where} off"] for times in found))
            rows.append(line(f"{scheme}, {label}: step", list(on), list(off), "ms", [b / a for a, b in zip(on, off)],
                             "off / on"))
            rows.append(line(f"{scheme}, {label}: exposed communication", list(waited_on), list(waited_off), "ms",
                             [1 - a / b for a, b in zip(waited_on, waited_off)], "hidden",
                             Goal(0.5) if where == "link" else None))
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
        make_ready(runners, 1)
        found = []
        for index in range(repetitions):
            say(f"overlap: repetition {index + 1} of {repetitions}")
            found.append(repetition(runners, steps, reverse=index % 2 == 1))
    return lines(found)
