"""Seconds from a command to the first barrier of all workers: our cluster against torchrun."""

import json
import os
import time

from build import ONE_THREAD, run, say
from ratios import Goal, interleaved, line

WORLDS = (2, 4)
TITLE = "Start to first barrier"
NOTE = ("Both sides: from the moment before the launching process is created until the last rank has loaded its "
        "engine, joined the group and passed a barrier; one thread per rank. Ours launches a JVM that starts the "
        "workers and counts until that JVM has heard from all ranks. The peer is `torchrun --standalone`; its "
        "ranks also multiply two 64×64 matrices before the barrier. *Kernel up* leaves the launching JVM's own "
        "start out, as in a running notebook. *First result* goes further than the peer: our ranks have also "
        "placed a small model (`tp` over all of them) and computed a token together.")


def ours(java, world):
    """Seconds to each milestone; the clock is the one that Java's nanoTime reads on Linux."""
    begin = time.monotonic()
    printed = run(java.command("Startup", world, java.home), 120, env={**os.environ, **ONE_THREAD})
    at = {key: nanos / 1e9 for key, nanos in json.loads(printed.splitlines()[-1]).items()}
    return {"passed": at["passed"] - begin, "kernelUp": at["passed"] - at["entered"],
            "computed": at["computed"] - begin}


def torchrun(torch, world):
    return torch.measure("torchrun_barrier.py", "--world", world, "--repeat", 1)["seconds"]


def measure(java, torch, quick, repetitions=None):
    pairs = 1 if quick else repetitions or 7
    lines = []
    for world in WORLDS:
        say(f"start-up of {world}: {pairs} pairs")
        if not quick:
            ours(java, world), torchrun(torch, world)  # cold caches
        found = interleaved(pairs, lambda: ours(java, world), lambda: torchrun(torch, world))
        peer = [seconds for _, seconds in found]
        for key, name in (("passed", "to first barrier"), ("kernelUp", "to first barrier, kernel up"),
                          ("computed", "to first result")):
            mine = [milestones[key] for milestones, _ in found]
            goal = Goal(0.5, at_least=False) if world == 4 and key == "passed" else None
            lines.append(line(f"{world} workers, {name}", mine, peer, "s", [m / p for m, p in zip(mine, peer)],
                              "ours / torchrun", goal))
    return lines
