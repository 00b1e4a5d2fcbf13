"""Starts the ranks of a measurement as processes on this host, joins them over gloo and collects what they return."""

import datetime
import json
import multiprocessing
import os
import pathlib
import platform
import queue
import socket
import sys
import tempfile
import time
import traceback


class RankError(Exception):
    """A rank failed, died or did not finish in time; the message says which."""


def loopback_interface():
    names = [name for _, name in socket.if_nameindex()]
    return next(name for name in names if name in ("lo", "lo0"))


def _rank_main(body, rank, world, threads, folder, timeout_s, arguments, results):
    try:
        import torch
        import torch.distributed as dist

        torch.set_num_threads(threads)
        dist.init_process_group("gloo", init_method=(pathlib.Path(folder) / "rendezvous").as_uri(),
                                rank=rank, world_size=world, timeout=datetime.timedelta(seconds=timeout_s))
        results.put((rank, body(rank, world, folder, arguments), None))
        dist.barrier()  # nobody leaves while another still talks to it
        dist.destroy_process_group()
    except Exception:
        results.put((rank, None, traceback.format_exc(limit=-3)))


def run_ranks(body, world, arguments, threads=1, timeout_s=300):
    """Runs body(rank, world, folder, arguments) in `world` new processes and returns their results in rank order.

    `body` is a top-level function; `folder` is a temporary directory all ranks share. Whatever happens, no
    process started here outlives the call.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback_interface())
    context = multiprocessing.get_context("spawn")
    results, found = context.Queue(), {}
    deadline = time.monotonic() + timeout_s
    with tempfile.TemporaryDirectory() as folder:
        processes = [context.Process(target=_rank_main,
                                     args=(body, rank, world, threads, folder, timeout_s, arguments, results))
                     for rank in range(world)]
        try:
            for process in processes:
                process.start()
            while len(found) < world:
                missing = [rank for rank in range(world) if rank not in found]
                if time.monotonic() > deadline:
                    raise RankError(f"timed out after {timeout_s} s; no result from rank {missing}")
                try:
                    rank, value, error = results.get(timeout=0.5)
                except queue.Empty:
                    dead = [rank for rank in missing if processes[rank].exitcode not in (None, 0)]
                    if dead:
                        raise RankError(f"rank {dead[0]} died with exit code {processes[dead[0]].exitcode}")
                    continue
                if error:
                    raise RankError(f"rank {rank} failed: {error}")
                found[rank] = value
            for process in processes:
                process.join(timeout=10)
        finally:
            for process in processes:
                if process.is_alive():
                    process.kill()
                if process.pid is not None:
                    process.join()
    return [found[rank] for rank in range(world)]


def environment():
    import torch

    return {"torch": torch.__version__, "python": platform.python_version(), "cores": os.cpu_count(),
            "loadAverage1m": round(os.getloadavg()[0], 2)}


def quantile(values, q):
    """The nearest-rank quantile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def print_result(measure, **fields):
    """Runs `measure`, prints one JSON object of its result or its error, and ends the program accordingly."""
    report = {**fields, "environment": environment()}
    try:
        report.update(measure())
    except RankError as error:
        report["error"] = str(error)
    report["environment"]["loadAverage1mAfter"] = round(os.getloadavg()[0], 2)
    print(json.dumps(report))
    sys.exit(1 if "error" in report else 0)
