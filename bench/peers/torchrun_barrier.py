"""Start-up: seconds from launching torchrun until every rank joined a gloo group, multiplied two small matrices and
passed the first barrier. Prints one JSON object; clocks are the host's monotonic clock, shared by all processes.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def worker(folder):
    entered = time.monotonic()
    import torch
    import torch.distributed as dist

    imported = time.monotonic()
    dist.init_process_group("gloo")
    joined = time.monotonic()
    product = torch.ones(64, 64) @ torch.ones(64, 64)
    assert product[0, 0] == 64
    dist.barrier()
    passed = time.monotonic()
    path = pathlib.Path(folder) / f"rank-{dist.get_rank()}.json"
    path.write_text(json.dumps({"entered": entered, "imported": imported, "joined": joined, "passed": passed}))
    dist.destroy_process_group()


def launch(world, timeout_s):
    """One launch; returns seconds after its beginning for each milestone of the slowest rank."""
    import ranks

    variables = dict(os.environ, OMP_NUM_THREADS="1")
    variables.setdefault("GLOO_SOCKET_IFNAME", ranks.loopback_interface())
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1",
                   "--nproc-per-node", str(world), __file__, "--worker", folder]
        begin = time.monotonic()
        process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, lines = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.terminate()  # torchrun ends its workers on SIGTERM
            process.communicate(timeout=60)
            raise ranks.RankError(f"torchrun did not finish within {timeout_s} s") from None
        ended = time.monotonic()
        if process.returncode != 0:
            raise ranks.RankError(f"torchrun ended with {process.returncode}: {lines[-2000:]}")
        milestones = [json.loads(path.read_text()) for path in pathlib.Path(folder).glob("rank-*.json")]
    if len(milestones) != world:
        raise ranks.RankError(f"{len(milestones)} of {world} ranks reported")
    slowest = {key: round(max(m[key] for m in milestones) - begin, 3) for key in milestones[0]}
    return {**slowest, "ended": round(ended - begin, 3)}


def measure(world, repeat, timeout_s):
    launches = [launch(world, timeout_s) for _ in range(repeat)]
    return {"seconds": statistics.median(one["passed"] for one in launches), "launches": launches}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=3, help="launches; the median counts, the first may find cold caches")
    parser.add_argument("--timeout", type=float, default=120, help="seconds per launch")
    parser.add_argument("--worker", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker)
        return
    import ranks

    ranks.print_result(lambda: measure(arguments.world, arguments.repeat, arguments.timeout), benchmark="startup",
                       peer="torchrun + gloo", world=arguments.world, threadsPerRank=1)


if __name__ == "__main__":
    main()
