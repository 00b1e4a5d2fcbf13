"""One training step of a decoder (hidden 512, 8 layers, 8 × 128 tokens) under several schemes, on both sides."""

import contextlib

from build import say
from ratios import Goal, line
from runner import Runner, alone, make_ready, require_equal, together

TITLE = "Training step, hidden 512, 8 layers, 8 × 128 tokens, one thread per rank"
NOTE = ("S2 is what two independent one-thread runs of the single scheme reach together, side by side, over one "
        "alone: all that two cores of this machine can give. It is measured in each repetition, at the same "
        "number of micro-batches m (with m=16 a batch has 16 × 128 tokens). Our step time is the period between the "
        "ends of consecutive steps on the slowest rank, the first step of each block left out; PyTorch's lasts from a "
        "barrier to the optimizer's end on the slowest rank. PyTorch's tp=2 has hand-written Megatron layers, its pp=2 "
        "is `torch.distributed.pipelining` 1F1B, its dp=2 `DistributedDataParallel`. Weights: float32, AdamW with the "
        "same settings; ours ties embedding and head, the peer does not. Losses of all layouts of a side are compared "
        "first, over 8 steps; 40 more of 4 micro-batches each warm up.")
SIXTEEN = 16  # micro-batches of one sequence each
LARGE = 32  # sequences of a batch four times as large, in micro-batches of eight
SCHEMES = {"single": ("single",), "other": ("single",), "tp=2": ("tp=2",), "tp=2 sp": ("tp=2", "sp"), "dp=2": ("dp=2",),
           "dp=2 zero 1": ("dp=2", "zero=1"), "pp=2": ("pp=2",)}


def repetition(runners, torch, steps, reverse):
    """Every block once, in this order or in reverse; gives milliseconds per step by block."""
    peer_losses = {}

    def peer(layout, microbatches):
        report = torch.measure("train_step.py", "--layout", layout, "--microbatches", microbatches, "--steps", steps,
                               "--warmup", 1)
        peer_losses[f"PyTorch {layout} m={microbatches}"] = report["losses"]
        return report["stepMillis"]

    singles = [runners["single"], runners["other"]]
    blocks = {
        "peer single m=1": lambda: peer("single", 1), "single m=1": lambda: alone(singles[0], 1, steps),
        "pair m=1": lambda: together(singles, 1, steps), "tp=2 m=1": lambda: alone(runners["tp=2"], 1, steps),
        "tp=2 sp m=1": lambda: alone(runners["tp=2 sp"], 1, steps),
        "peer tp=2 m=1": lambda: peer("tp2", 1), "dp=2 m=1": lambda: alone(runners["dp=2"], 1, steps),
        "peer dp=2 m=1": lambda: peer("dp2", 1), "dp=2 zero 1 m=1": lambda: alone(runners["dp=2 zero 1"], 1, steps),
        "peer single m=8": lambda: peer("single", 8),
        "single m=8": lambda: alone(singles[0], 8, steps), "pair m=8": lambda: together(singles, 8, steps),
        "pp=2 m=8": lambda: alone(runners["pp=2"], 8, steps), "peer pp=2 m=8": lambda: peer("pp2", 8),
        "single m=16": lambda: alone(singles[0], SIXTEEN, steps, SIXTEEN),
        "pair m=16": lambda: together(singles, SIXTEEN, steps, SIXTEEN),
        "pp=2 m=16": lambda: alone(runners["pp=2"], SIXTEEN, steps, SIXTEEN),
        "single 32": lambda: alone(singles[0], 4, 2, LARGE), "pair 32": lambda: together(singles, 4, 1, LARGE),
        "dp=2 32": lambda: alone(runners["dp=2"], 2, 2, LARGE),
        "dp=2 16": lambda: alone(runners["dp=2"], 1, steps, SIXTEEN)}
    millis = {name: blocks[name]() for name in (reversed(blocks) if reverse else blocks)}
    require_equal(peer_losses)
    for what in ("m=1", "m=8", "m=16", "32"):
        millis[f"S2 {what}"] = sum(millis[f"single {what}"] / time for time in millis[f"pair {what}"])
    return millis


def lines(found):
    def column(name):
        return [millis[name] for millis in found]

    def ratios(top, bottom, *more):
        return [millis[top] / millis[bottom] / (millis[more[0]] if more else 1) for millis in found]

    rows = [line(f"S2 at {m}", [], [], "", column(f"S2 {m}"), "two singles / one") for m in ("m=1", "m=8", "m=16")]
    for scheme, m, bound in (("tp=2", "m=1", 0.95), ("tp=2 sp", "m=1", None), ("dp=2", "m=1", 0.95),
                             ("dp=2 zero 1", "m=1", None), ("pp=2", "m=8", None), ("pp=2", "m=16", 0.90)):
        ours = f"{scheme} {m}"
        rows.append(line(f"{ours}, share of S2", [], [], "", ratios(f"single {m}", ours, f"S2 {m}"), "speed-up / S2",
                         Goal(bound) if bound else None))
    rows.append(line("dp=2 with 8 × 128 tokens on each rank, share of S2", [], [], "",
                     [2 * share for share in ratios("single m=1", "dp=2 16", "S2 m=1")], "speed-up / S2"))
    rows.append(line("dp=2 with 32 × 128 tokens, share of S2", [], [], "", ratios("single 32", "dp=2 32", "S2 32"),
                     "speed-up / S2"))
    for scheme, m, bound in (("tp=2", "m=1", 1.1), ("pp=2", "m=8", 1.1), ("dp=2", "m=1", None)):
        ours, peer = f"{scheme} {m}", f"peer {scheme} {m}"
        own, theirs = ratios(f"single {m}", ours), ratios(f"peer single {m}", peer)
        rows.append(line(f"{ours}, speed-up over own single {m}", own, theirs, "×",
                         [a / b for a, b in zip(own, theirs)], "ours / PyTorch"))
        rows.append(line(f"{ours}, step", column(ours), column(peer), "ms", ratios(peer, ours), "PyTorch / ours",
                         Goal(bound) if bound else None))
    rows.append(line("pp=2 m=8, speed-up over own single m=1", [], [], "", ratios("single m=1", "pp=2 m=8"),
                     "single / pp=2"))
    rows += [line(f"{name}, step", column(name), column(f"peer {name}"), "ms", ratios(f"peer {name}", name),
                  "PyTorch / ours") for name in ("single m=1", "single m=8")]
    return rows


def measure(java, torch, quick, repetitions=None):
    repetitions, steps = (1, 2) if quick else (repetitions or 7, 3)
    with contextlib.ExitStack() as stack:
        runners = {}
        for name, scheme in SCHEMES.items():
            runners[name] = Runner(java, name, *scheme)
            stack.callback(runners[name].close)
        say("training: comparing losses and warming up")
        make_ready(runners, 4)
        found = []
        for index in range(repetitions):
            say(f"training: repetition {index + 1} of {repetitions}")
            found.append(repetition(runners, torch, steps, reverse=index % 2 == 1))
        spent = {name: runners[name].train(m, 2)["lastStepMillisByRank"]
                 for name, m in (("single", 1), ("tp=2", 1), ("dp=2", 1), ("pp=2", 8))}
    rows = lines(found)
    rows[0]["spentMillisByRank"] = spent
    return rows
