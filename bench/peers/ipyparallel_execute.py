"""ipyparallel: a cell (`same N`) or a function (`apply N`) that does nothing, on all engines; waits until all have answered.

For each line of standard input prints the nanoseconds of N of them as one JSON object.
"""

import argparse
import json
import logging
import sys
import tempfile
import time

import ipyparallel


def nothing():
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=int, required=True)
    world = parser.parse_args().world
    with tempfile.TemporaryDirectory(prefix="shardlab-bench-") as profile, ipyparallel.Cluster(
            n=world, profile_dir=profile, log_level=logging.ERROR) as client:
        client.wait_for_engines(world, interactive=False)
        view = client[:]
        does = {"same": lambda: view.execute("rank = 1", silent=False, block=True),
                "apply": lambda: view.apply_sync(nothing)}
        begin = time.perf_counter_ns()
        does["same"]()
        print(json.dumps({"first": time.perf_counter_ns() - begin}), flush=True)
        for line in sys.stdin:
            kind, count = line.split()
            nanos = []
            for _ in range(int(count)):
                begin = time.perf_counter_ns()
                does[kind]()
                nanos.append(time.perf_counter_ns() - begin)
            print(json.dumps({"nanos": nanos}), flush=True)


if __name__ == "__main__":
    main()
