"""Round trips of cells on four workers: ours against calls of PyTorch Monarch and against ipyparallel."""

import contextlib
import os
import statistics

from build import DJL, ONE_THREAD, PEERS, ROOT, WORK, maven, run, say
from ratios import Goal, line
from told import Told

WORLD = 4
ANSWER_SECONDS = 180
COLUMNS = ["shardlab", "peer"]
TITLE = "A cell on 4 workers"
NOTE = ("*Same cell*: `%%shard` with the body `rank`, typed again, so nothing is compiled; from the line's words to the folded "
        "values of all ranks, shown on a screen that is not there. The kernel's own time for any cell, ours or not, is left "
        "out on all sides. Monarch: an endpoint that does nothing, `actors.nothing.call().get()` on a mesh of 4 processes. "
        "ipyparallel: `view.execute(\"rank = 1\", block=True)` and `view.apply_sync` of a function that does nothing, on 4 "
        "engines. All three stay up and take turns; before, ours has run 3000 times, Monarch's call 500 times and each of "
        "ipyparallel's 100 times. *Its first 100 times*: right after the first cell and without a pause, while nothing is "
        "compiled for speed yet. *New cell*: a statement that was never seen before, compiled by JShell "
        "once and run on 4 workers. *First cell*: the first of a notebook, compiler and all, after `up`.")


class Cells(Told):
    """Workers that run cells, or a peer's calls, a number of times when told to."""

    def __init__(self, name, command, **options):
        super().__init__(name, f"cells-{name}", command, ANSWER_SECONDS, **options)

    def seconds_to_first(self):
        return self.first["first"] / 1e9

    def ask(self, kind, count):
        """Seconds, sorted."""
        self.tell(kind, count)
        return sorted(nanos / 1e9 for nanos in self.answer()["nanos"])


def notebook(java):
    """The command of our side, which needs the magics as well as the library."""
    listed, classes = WORK / "magics.txt", WORK / "notebook-classes"
    maven("package", "dependency:build-classpath", f"-Dmdep.outputFile={listed}", "-Dmdep.includeScope=runtime",
          modules="parallel-lib,magics")
    jar, = (jar for jar in (ROOT / "magics" / "target").glob("magics-*.jar")
            if "sources" not in jar.name and "javadoc" not in jar.name)
    path = f"{jar}:{listed.read_text().strip()}"
    classes.mkdir(exist_ok=True)
    run([f"{java.binary}c" if java.binary.endswith("java") else "javac", "-d", classes, "-cp", path,
         *sorted((ROOT / "bench" / "java" / "notebook").glob("*.java"))], 120)
    return [java.binary, *java.workers, "-Xmx512m", "-cp", f"{classes}:{path}", "Cells", WORLD]


def ours(command, java):
    return Cells("ours", command, env={**os.environ, **ONE_THREAD, **DJL, "SHARDLAB_HOME": str(java.home)})


def peer(torch, program):
    return Cells(program, [torch.python, PEERS / f"{program}.py", "--world", WORLD], env={**os.environ, **ONE_THREAD},
                 cwd=PEERS)


def quantiles(seconds):
    return {"p50": statistics.median(seconds), "p99": seconds[int(0.99 * (len(seconds) - 1))]}


def measure(java, torch, quick, repetitions=None):
    repetitions, count, warm_up = (2, 20, 20) if quick else (repetitions or 9, 200, 1000)
    command = notebook(java)
    found = []
    with contextlib.ExitStack() as stack:
        say("cells: starting three clusters of 4")
        mine = ours(command, java)
        stack.callback(mine.close)
        monarch, parallel = peer(torch, "monarch_call"), peer(torch, "ipyparallel_execute")
        stack.callback(monarch.close)
        stack.callback(parallel.close)
        mine.ask("same", 3 * warm_up), mine.ask("new", 20)
        monarch.ask("same", warm_up // 2), parallel.ask("same", warm_up // 10), parallel.ask("apply", warm_up // 10)
        turns = {"ours": lambda: quantiles(mine.ask("same", 5 * count)),
                 "Monarch": lambda: quantiles(monarch.ask("same", count)),
                 "ipyparallel execute": lambda: quantiles(parallel.ask("same", count // 4)),
                 "ipyparallel apply": lambda: quantiles(parallel.ask("apply", count // 4)),
                 "new": lambda: quantiles(mine.ask("new", 10))}
        for index in range(repetitions):
            say(f"cells: repetition {index + 1} of {repetitions}")
            names = list(reversed(turns)) if index % 2 else list(turns)
            found.append({name: turns[name]() for name in names})
    first, cold = [], []
    for _ in range(1 if quick else 5):
        fresh = ours(command, java)
        first.append(fresh.seconds_to_first())
        cold.append(statistics.median(fresh.ask("same", 100)) * 1e3)
        fresh.close()
    lines = []
    goals = {("Monarch", "p50"): Goal(1 / 4, at_least=False), ("Monarch", "p99"): Goal(1, at_least=False),
             ("ipyparallel execute", "p50"): Goal(1 / 40, at_least=False),
             ("ipyparallel apply", "p50"): Goal(1 / 40, at_least=False)}
    for name in ("Monarch", "ipyparallel execute", "ipyparallel apply"):
        for quantile in ("p50", "p99"):
            our, their = ([pair[side][quantile] * 1e6 for pair in found] for side in ("ours", name))
            lines.append(line(f"same cell and {name}, {quantile}", our, their, "µs",
                              [a / b for a, b in zip(our, their)], "ours / peer",
                              goals.get((name, quantile))))
    compiled, first = [pair["new"]["p50"] * 1e3 for pair in found], [seconds * 1e3 for seconds in first]
    lines.append(line("same cell, its first 100 times, p50", cold, [], "ms", cold, "milliseconds"))
    lines.append(line("new cell", compiled, [], "ms", compiled, "milliseconds", Goal(300, at_least=False)))
    lines.append(line("first cell", first, [], "ms", first, "milliseconds"))
    return lines
