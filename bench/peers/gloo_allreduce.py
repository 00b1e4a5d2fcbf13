"""Latency of torch.distributed all_reduce over gloo between processes of this host.

Per iteration all ranks wait for each other at a flag in shared memory, each times its own all_reduce of a float32
tensor in private memory, and the slowest rank counts. Prints one JSON object with p50 and p99 per size.
"""

import argparse
import os
import pathlib
import time

import ranks

LARGE_BYTES = 16 << 20


class StartLine:
    """Lets all ranks start an iteration within about a microsecond of each other, yielding when cores are short."""

    def __init__(self, folder, rank, world):
        import numpy

        path = pathlib.Path(folder) / f"start-line-{world}"
        if rank == 0:
            numpy.zeros(world * 8, dtype=numpy.int64).tofile(path)
        import torch.distributed as dist

        dist.barrier()
        self.arrived = numpy.memmap(path, dtype=numpy.int64, mode="r+")[::8]  # one cache line per rank
        self.rank, self.iteration = rank, 0

    def wait(self):
        self.iteration += 1
        self.arrived[self.rank] = self.iteration
        while self.arrived.min() < self.iteration:
            os.sched_yield()


def measure_rank(rank, world, folder, arguments):
    import torch
    import torch.distributed as dist

    start_line = StartLine(folder, rank, world)
    micros = {}
    for num_bytes, warm_up, iterations in arguments["plan"]:
        tensor = torch.full((num_bytes // 4,), float(rank + 1))
        dist.all_reduce(tensor)
        assert torch.all(tensor == world * (world + 1) / 2), f"wrong sum at {num_bytes} bytes"
        tensor.zero_()  # sums of zeros stay zero however often they are reduced
        times = []
        for _ in range(warm_up + iterations):
            start_line.wait()
            begin = time.perf_counter_ns()
            dist.all_reduce(tensor)
            times.append((time.perf_counter_ns() - begin) / 1000)
        micros[num_bytes] = times[warm_up:]
    return micros


def measure(plan, world, timeout_s):
    per_rank = ranks.run_ranks(measure_rank, world, {"plan": plan}, timeout_s=timeout_s)
    rows = []
    for num_bytes, warm_up, iterations in plan:
        slowest = [max(times) for times in zip(*(micros[num_bytes] for micros in per_rank))]
        p50 = ranks.quantile(slowest, 0.5)
        rows.append({"bytes": num_bytes, "warmUp": warm_up, "iterations": iterations, "p50Micros": round(p50, 2),
                     "p99Micros": round(ranks.quantile(slowest, 0.99), 2), "minMicros": round(min(slowest), 2),
                     "maxMicros": round(max(slowest), 2),
                     "busGigabytesPerSecond": round(num_bytes * 2 * (world - 1) / world / p50 / 1000, 4)})
    return {"sizes": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="4096,1048576,67108864", help="bytes per rank, separated by commas")
    parser.add_argument("--world", type=int, default=2)
    parser.add_argument("--iters", type=int, default=500, help="iterations per size; at most 30 from 16 MiB on")
    parser.add_argument("--warmup", type=int, default=50, help="at most 5 from 16 MiB on")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for the whole measurement")
    arguments = parser.parse_args()
    plan = []
    for num_bytes in (int(size) for size in arguments.sizes.split(",")):
        if num_bytes < 4 or num_bytes % 4:
            parser.error(f"size {num_bytes} is not a positive multiple of 4 bytes")
        large = num_bytes >= LARGE_BYTES
        plan.append((num_bytes, min(arguments.warmup, 5) if large else arguments.warmup,
                     min(arguments.iters, 30) if large else arguments.iters))
    ranks.print_result(lambda: measure(plan, arguments.world, arguments.timeout), benchmark="allreduce",
                       peer="torch.distributed gloo", world=arguments.world, dtype="float32", threadsPerRank=1,
                       memory="private")


if __name__ == "__main__":
    main()
