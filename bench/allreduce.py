"""All-reduce of float32 tensors between two processes: our Communicator on NDArrays against gloo."""

import json
import os
import subprocess
import tempfile

from build import DJL, JVM_FLAGS, ONE_THREAD, BenchError, say
from ratios import Goal, interleaved, line

WORLD = 2
GOALS = {4 << 10: 20, 1 << 20: 6, 64 << 20: 2}
LARGE_BYTES = 16 << 20
TITLE = "All-reduce, 2 processes, p50 of the slowest rank"
NOTE = ("Both sides reduce float32 tensors in private memory in place, ranks start together, one thread each, 50 "
        "iterations warm-up (5 from 16 MiB on; ours 2000 up to 64 KiB, 200 up to 16 MiB, so that the JIT compiler"
        " is done). Ours is timed from the `NDArray` (`toByteBuffer(true)` and `allReduce`), the peer's from the "
        "Python call. *Copies* is our time over that of copying the tensor once while the other rank does the "
        "same.")


def our_plan(iterations):
    """Bytes, warm-up and iterations per size, smallest first."""
    return [(size, 2000 if size <= 64 << 10 else 200 if size < LARGE_BYTES else 5,
             iterations if size < LARGE_BYTES else min(30, iterations)) for size in GOALS]


def ours(java, iterations):
    """p50 and p99 in microseconds by size, and our time in copies."""
    variables = {**os.environ, **ONE_THREAD, **DJL}
    sizes = [f"{size}:{warm_up}:{count}" for size, warm_up, count in our_plan(iterations)]
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="shardlab-bench-") as shared:
        processes = [subprocess.Popen(
            java.command("AllReduceRank", shared, rank, WORLD, *sizes,
                         flags=[*JVM_FLAGS, "-XX:MaxDirectMemorySize=512m"]),
            env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for rank in range(WORLD)]
        try:
            outputs = [process.communicate(timeout=300) for process in processes]
        finally:
            for process in processes:
                process.kill()
    for process, (_, errors) in zip(processes, outputs):
        if process.returncode != 0:
            raise BenchError(f"a rank of our all-reduce ended with {process.returncode}: {errors[-2000:]}")
    per_rank = [[json.loads(text) for text in printed.splitlines()] for printed, _ in outputs]
    found = {}
    for rows in zip(*per_rank):
        slowest = sorted(max(nanos) / 1000 for nanos in zip(*(row["nanos"] for row in rows)))
        p50 = slowest[len(slowest) // 2]
        found[rows[0]["bytes"]] = {"p50": p50, "p99": slowest[int(0.99 * len(slowest))],
                                   "copies": p50 * 1000 / max(row["copyNanos"] for row in rows)}
    return found


def gloo(torch, iterations):
    report = torch.measure("gloo_allreduce.py", "--sizes", ",".join(map(str, GOALS)), "--world", WORLD,
                           "--iters", iterations)
    return {row["bytes"]: {"p50": row["p50Micros"], "p99": row["p99Micros"]} for row in report["sizes"]}


def label(size):
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def measure(java, torch, quick, repetitions=None):
    pairs, iterations = (2, 100) if quick else (repetitions or 15, 500)
    say(f"all-reduce: {pairs} pairs")
    found = interleaved(pairs, lambda: ours(java, iterations), lambda: gloo(torch, iterations))
    lines = []
    for size, goal in GOALS.items():
        for quantile in ("p50", "p99"):
            mine, peer = ([pair[side][size][quantile] for pair in found] for side in (0, 1))
            row = line(f"{label(size)}, {quantile}", mine, peer, "µs", [p / m for m, p in zip(mine, peer)],
                       "gloo / ours", Goal(goal) if quantile == "p50" else None)
            if quantile == "p50":
                copies = sorted(pair[0][size]["copies"] for pair in found)
                row["remark"] = f"{copies[len(copies) // 2]:.1f} copies"
            lines.append(row)
    return lines
