"""One training step of a decoder (hidden 512, 8 layers, 8 × 128 tokens) at single, tp=2 and pp=2, on both sides."""

import contextlib
import json
import os
import statistics
import struct
import subprocess
import threading

from build import ONE_THREAD, WORK, BenchError, say
from ratios import Goal, line

PRESET, BATCH, LENGTH, VOCABULARY = "medium", 8, 128, 256
NUM_TOKENS = 1 << 20
ANSWER_SECONDS = 300
LOSS_TOLERANCE = 1e-4
TITLE = "Training step, hidden 512, 8 layers, 8 × 128 tokens, one thread per rank"
NOTE = ("S2 is what two independent one-thread runs of the single scheme reach together, side by side, over one "
        "alone: all that two cores of this machine can give. It is measured in each repetition, at the same "
        "number of micro-batches m. Our step time is the period between the ends of consecutive steps on the "
        "slowest rank, the first step of each block left out; PyTorch's lasts from a barrier to the optimizer's "
        "end on the slowest rank. Weights: float32, AdamW with the same settings; ours ties embedding and head, "
        "the peer does not. Losses of all layouts of a side are compared first.")


class Runner:
    """The workers of one scheme, started once and told to train in between."""

    def __init__(self, java, scheme, tokens, name):
        self.log = open(WORK / f"train-{name}.log", "w+")
        self.process = subprocess.Popen(
            java.command("Train", scheme, PRESET, BATCH, LENGTH, tokens, java.home), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log, text=True, env={**os.environ, **ONE_THREAD})

    def begin(self, microbatches, steps):
        self.process.stdin.write(f"{microbatches} {steps}\n")
        self.process.stdin.flush()

    def answer(self):
        watchdog = threading.Timer(ANSWER_SECONDS, self.process.kill)
        watchdog.start()
        try:
            text = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        if not text:
            self.log.seek(0)
            raise BenchError(f"training ended early or gave no answer in {ANSWER_SECONDS} s: {self.log.read()[-3000:]}")
        return json.loads(text)

    def train(self, microbatches, steps):
        self.begin(microbatches, steps)
        return self.answer()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def periods(answer):
    """Beginnings and ends of the steps after the first, in milliseconds."""
    ends = [nanos / 1e6 for nanos in answer["ends"]]
    return list(zip(ends, ends[1:]))


def alone(runner, microbatches, steps):
    return statistics.median(end - begin for begin, end in periods(runner.train(microbatches, steps + 1)))


def together(runners, microbatches, steps):
    """The median step time of each runner while both were busy."""
    for runner in runners:
        runner.begin(microbatches, steps + 2)
    answers = [runner.answer() for runner in runners]
    last = min(answer["ends"][-1] for answer in answers) / 1e6
    first = max(answer["begin"] for answer in answers) / 1e6
    busy = [[end - begin for begin, end in periods(answer) if begin >= first and end <= last] for answer in answers]
    if not all(busy):
        raise BenchError("two single runs did not overlap for a whole step")
    return [statistics.median(times) for times in busy]


def write_tokens(path):
    """Tokens of the peers' kind: each follows from the one before."""
    tokens = ((7 * i + 31 * (i // LENGTH)) % VOCABULARY for i in range(NUM_TOKENS))
    path.write_bytes(struct.pack(f"<{NUM_TOKENS}i", *tokens))


def require_equal(losses_by_name):
    (reference_name, reference), *others = losses_by_name.items()
    for name, losses in others:
        for a, b in zip(reference, losses):
            if abs(a - b) > LOSS_TOLERANCE * abs(a):
                raise BenchError(f"losses of {name} {losses} differ from those of {reference_name} {reference}")


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
        "peer tp=2 m=1": lambda: peer("tp2", 1), "peer single m=8": lambda: peer("single", 8),
        "single m=8": lambda: alone(singles[0], 8, steps), "pair m=8": lambda: together(singles, 8, steps),
        "pp=2 m=8": lambda: alone(runners["pp=2"], 8, steps), "peer pp=2 m=8": lambda: peer("pp2", 8)}
    millis = {name: blocks[name]() for name in (reversed(blocks) if reverse else blocks)}
    require_equal(peer_losses)
    for m in (1, 8):
        millis[f"S2 m={m}"] = sum(millis[f"single m={m}"] / time for time in millis[f"pair m={m}"])
    return millis


def lines(found):
    def column(name):
        return [millis[name] for millis in found]

    def ratios(top, bottom, *more):
        return [millis[top] / millis[bottom] / (millis[more[0]] if more else 1) for millis in found]

    rows = [line(f"S2 at {m}", [], [], "", column(f"S2 {m}"), "two singles / one") for m in ("m=1", "m=8")]
    for scheme, m, bound in (("tp=2", "m=1", 0.88), ("pp=2", "m=8", 0.80)):
        ours, peer = f"{scheme} {m}", f"peer {scheme} {m}"
        own, theirs = ratios(f"single {m}", ours), ratios(f"peer single {m}", peer)
        rows.append(line(f"{ours}, speed-up over own single {m}", own, theirs, "×",
                         [a / b for a, b in zip(own, theirs)], "ours / PyTorch"))
        rows.append(line(f"{ours}, share of S2", [], [], "", ratios(f"single {m}", ours, f"S2 {m}"), "speed-up / S2",
                         Goal(bound)))
    rows.append(line("pp=2 m=8, speed-up over own single m=1", [], [], "", ratios("single m=1", "pp=2 m=8"),
                     "single / pp=2"))
    rows += [line(f"{name}, step", column(name), column(f"peer {name}"), "ms", ratios(f"peer {name}", name),
                  "PyTorch / ours") for name in ("single m=1", "single m=8", "tp=2 m=1", "pp=2 m=8")]
    return rows


def measure(java, torch, quick, repetitions=None):
    repetitions, steps = (1, 2) if quick else (repetitions or 7, 3)
    tokens = WORK / "tokens.bin"
    write_tokens(tokens)
    with contextlib.ExitStack() as stack:
        runners = {}
        for name, scheme in (("single", "single"), ("other", "single"), ("tp=2", "tp=2"), ("pp=2", "pp=2")):
            runners[name] = Runner(java, scheme, tokens, name)
            stack.callback(runners[name].close)
            runners[name].answer()
        say("training: comparing losses and warming up")
        require_equal({name: runner.train(8, 3)["losses"] for name, runner in runners.items()})
        found = []
        for index in range(repetitions):
            say(f"training: repetition {index + 1} of {repetitions}")
            found.append(repetition(runners, torch, steps, reverse=index % 2 == 1))
        spent = {name: runners[name].train(m, 2)["lastStepMillisByRank"]
                 for name, m in (("single", 1), ("tp=2", 1), ("pp=2", 8))}
    rows = lines(found)
    rows[0]["spentMillisByRank"] = spent
    return rows
