"""PyTorch Monarch: an endpoint that does nothing, called on all actors of a mesh of processes; waits until all have answered.

For each line `same N` of standard input prints the nanoseconds of N calls as one JSON object.
"""

import argparse
import json
import sys
import time

from monarch.actor import Actor, endpoint, this_host


class Idle(Actor):
    @endpoint
    async def nothing(self) -> int:
        return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=int, required=True)
    processes = this_host().spawn_procs(per_host={"processes": parser.parse_args().world})
    actors = processes.spawn("idle", Idle)
    begin = time.perf_counter_ns()
    actors.nothing.call().get()
    print(json.dumps({"first": time.perf_counter_ns() - begin}), flush=True)
    for line in sys.stdin:
        nanos = []
        for _ in range(int(line.split()[1])):
            begin = time.perf_counter_ns()
            actors.nothing.call().get()
            nanos.append(time.perf_counter_ns() - begin)
        print(json.dumps({"nanos": nanos}), flush=True)
    processes.stop().get()


if __name__ == "__main__":
    main()
