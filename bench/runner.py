"""Workers of one scheme that train when told to, and how their step times are read."""

import os
import statistics
import struct

from build import ONE_THREAD, WORK, BenchError
from told import Told

PRESET, BATCH, LENGTH, VOCABULARY = "medium", 8, 128, 256
NUM_TOKENS = 1 << 20
ANSWER_SECONDS = 300
LOSS_TOLERANCE = 1e-4
WARM_STEPS = 40  # of 4 micro-batches each; after 40 of one, compiling still took 2 to 3 % of a step


class Runner(Told):
    """The workers of one scheme, started once and told to train in between."""

    def __init__(self, java, name, scheme, *more, model=PRESET, flags=()):
        command = java.command("Train", scheme, model, BATCH, LENGTH, tokens(), java.home, *more, flags=flags)
        super().__init__("training", f"train-{name.replace(' ', '-').replace('/', '-')}", command, ANSWER_SECONDS,
                         env={**os.environ, **ONE_THREAD})

    def begin(self, microbatches, steps, batch=BATCH):
        self.tell(batch, microbatches, steps)

    def train(self, microbatches, steps, batch=BATCH):
        self.begin(microbatches, steps, batch)
        return self.answer()


def make_ready(runners, microbatches):
    """Compares the losses of all, over 8 steps, and warms them up."""
    require_equal({name: runner.train(microbatches, 8)["losses"] for name, runner in runners.items()})
    for runner in runners.values():
        runner.train(min(4, microbatches), WARM_STEPS)
        runner.train(1, 2)


def periods(answer):
    """Beginnings and ends of the steps after the first, in milliseconds."""
    ends = [nanos / 1e6 for nanos in answer["ends"]]
    return list(zip(ends, ends[1:]))


def alone(runner, microbatches, steps, batch=BATCH):
    return statistics.median(end - begin for begin, end in periods(runner.train(microbatches, steps + 1, batch)))


def together(runners, microbatches, steps, batch=BATCH):
    """The median step time of each runner while both were busy."""
    for runner in runners:
        runner.begin(microbatches, steps + 2, batch)
    answers = [runner.answer() for runner in runners]
    last = min(answer["ends"][-1] for answer in answers) / 1e6
    first = max(answer["begin"] for answer in answers) / 1e6
    busy = [[end - begin for begin, end in periods(answer) if begin >= first and end <= last] for answer in answers]
    if not all(busy):
        raise BenchError("two single runs did not overlap for a whole step")
    return [statistics.median(times) for times in busy]


def tokens():
    """A file of tokens of the peers' kind: each follows from the one before."""
    path = WORK / "tokens.bin"
    if not path.exists() or path.stat().st_size != 4 * NUM_TOKENS:
        path.write_bytes(struct.pack(f"<{NUM_TOKENS}i",
                                     *((7 * i + 31 * (i // LENGTH)) % VOCABULARY for i in range(NUM_TOKENS))))
    return path


def require_equal(losses_by_name):
    (reference_name, reference), *others = losses_by_name.items()
    for name, losses in others:
        for a, b in zip(reference, losses):
            if abs(a - b) > LOSS_TOLERANCE * abs(a):
                raise BenchError(f"losses of {name} {losses} differ from those of {reference_name} {reference}")
