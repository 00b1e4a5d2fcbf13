"""Measures shardlab side by side with PyTorch and gloo on this machine; writes JSON and the tables of bench/README.md.

    python3 bench/run.py                        everything, about an hour
    python3 bench/run.py --quick                everything once or twice: does it run? Leaves the README alone
    python3 bench/run.py --only allreduce,train the others keep their earlier figures
"""

import argparse
import json
import pathlib
import sys

import allreduce
import cells
import overlap
import pipeline
import report
import startup
import train
import uneven
from build import ROOT, WORK, BenchError, Java, PyTorch

SECTIONS = {"allreduce": allreduce, "startup": startup, "train": train, "pipeline": pipeline, "overlap": overlap,
            "uneven": uneven, "cells": cells}

SIDES = ["shardlab", "PyTorch + gloo"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="tiny settings; writes .bench/quick.json and no table")
    parser.add_argument("--repetitions", type=int, help="of each measurement; default 7 to 15")
    parser.add_argument("--only", default=",".join(SECTIONS), metavar="NAMES", help="of " + ", ".join(SECTIONS))
    parser.add_argument("--json", type=pathlib.Path, help="default bench/results/latest.json")
    parser.add_argument("--venv", type=pathlib.Path, default=WORK / "venv",
                        help="Python environment with torch 2.7.1, made if it is not there; default .bench/venv")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",")
    unknown = [name for name in chosen.only if name not in SECTIONS]
    if unknown:
        parser.error(f"unknown measurement {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    chosen.json = chosen.json or (WORK / "quick.json" if chosen.quick else ROOT / "bench" / "results" / "latest.json")
    return chosen


def measured(name, java, torch, chosen):
    module, about = SECTIONS[name], report.environment(java, torch)
    load, begin = report.load(), report.CpuTime.now()
    lines = module.measure(java, torch, chosen.quick, chosen.repetitions)
    about.update(begin.disturbance_until(report.CpuTime.now()), loadBefore=load, loadAfter=report.load())
    return {"title": module.TITLE, "note": module.NOTE, "columns": getattr(module, "COLUMNS", SIDES), "environment": about, "lines": lines}


def main():
    chosen = arguments()
    WORK.mkdir(exist_ok=True)
    known = json.loads(chosen.json.read_text())["sections"] if chosen.json.exists() else {}
    try:
        java, torch = Java(), PyTorch(chosen.venv)
        for name in chosen.only:
            known[name] = measured(name, java, torch, chosen)
            sections = {key: known[key] for key in SECTIONS if key in known}
            chosen.json.parent.mkdir(parents=True, exist_ok=True)
            chosen.json.write_text(json.dumps({"sections": sections}, indent=1) + "\n")
    except BenchError as error:
        sys.exit(f"error: {error}")
    if not chosen.quick:
        report.rewrite(ROOT / "bench" / "README.md", sections)
    print(report.markdown({key: sections[key] for key in chosen.only}))


if __name__ == "__main__":
    main()
