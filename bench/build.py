"""What a measurement needs before it can begin: our jar and classes, and a Python with PyTorch beside it."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
WORK = ROOT / ".bench"
JVM_FLAGS = ["-XX:+UseSerialGC", "-Xshare:auto", "-Djava.awt.headless=true", "-Dai.djl.offline=true",
             "-Dai.djl.pytorch.num_threads=1", "-Dai.djl.pytorch.num_interop_threads=1"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "MALLOC_ARENA_MAX": "2"}
DJL = {"OPT_OUT_TRACKING": "true", "DJL_OFFLINE": "true", "PYTORCH_FLAVOR": "cpu", "PYTORCH_VERSION": "2.7.1"}


class BenchError(Exception):
    """A measurement could not be made; the message says why."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, timeout_s, **options):
    """Runs a program to its end and returns its standard output."""
    words = [str(part) for part in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, **options)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{' '.join(words)[:300]} did not end within {timeout_s} s") from None
    if done.returncode != 0:
        raise BenchError(f"{' '.join(words)[:300]} ended with {done.returncode}:\n"
                         f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def maven(*arguments, modules="parallel-lib"):
    """Offline if the local repository has everything, else online."""
    command = ["mvn", "-q", "-B", "-pl", modules, "-Dmaven.test.skip=true", *arguments]
    try:
        run([*command, "-o"], 900, cwd=ROOT)
    except BenchError:
        say("offline build failed; trying online")
        run(command, 1800, cwd=ROOT)


class Java:
    """Our side: the jar as users get it, and the programs in bench/java compiled against it."""

    def __init__(self):
        say("building parallel-lib and bench/java")
        classes, listed = WORK / "classes", WORK / "dependencies.txt"
        shutil.rmtree(classes, ignore_errors=True)
        classes.mkdir(parents=True)
        maven("package", "dependency:build-classpath", f"-Dmdep.outputFile={listed}", "-Dmdep.includeScope=runtime")
        jars = [jar for jar in (ROOT / "parallel-lib" / "target").glob("parallel-lib-*.jar")
                if "sources" not in jar.name and "javadoc" not in jar.name]
        if len(jars) != 1:
            raise BenchError(f"expected one jar in parallel-lib/target, found {[jar.name for jar in jars]}")
        home = os.environ.get("JAVA_HOME")
        self.binary = str(pathlib.Path(home, "bin", "java")) if home else "java"
        compiler = str(pathlib.Path(home, "bin", "javac")) if home else "javac"
        path = f"{jars[0]}:{listed.read_text().strip()}"
        run([compiler, "-Xlint:all,-processing,-path", "-d", classes, "-cp", path,
             *sorted((ROOT / "bench" / "java").glob("*.java"))], 120)
        self.path = f"{path}:{classes}"
        self.home = WORK / "home"
        self.home.mkdir(exist_ok=True)
        self.archive = WORK / "worker.jsa"
        self.archive.unlink(missing_ok=True)
        # As set-up makes it for users: classes in the form in which a worker's JVM maps them.
        run([self.binary, *JVM_FLAGS, f"-XX:ArchiveClassesAtExit={self.archive}", "-cp", path,
             "io.shardlab.cluster.Rehearsal", self.home], 300, env={**os.environ, **DJL})
        self.workers = [f"-Dshardlab.worker.classpath={path}", f"-Dshardlab.worker.archive={self.archive}"]

    def command(self, program, *arguments, flags=()):
        return [self.binary, *self.workers, *flags, "-cp", self.path, program, *[str(argument) for argument in arguments]]

    def version(self):
        return subprocess.run([self.binary, "-version"], capture_output=True, text=True).stderr.splitlines()[0]


class PyTorch:
    """The other side: the programs in bench/peers on a Python of their own."""

    def __init__(self, folder):
        self.python = folder / "bin" / "python"
        if not self.python.exists():
            say(f"making {folder}: PyPI's torch brings about 6 GB; this takes minutes")
            run([sys.executable, "-m", "venv", folder], 300)
            run([self.python, "-m", "pip", "install", "-q", "-r", PEERS / "requirements.txt"], 3600)
        found = run([self.python, "-c", "import torch; print(torch.__version__)"], 300).strip()
        if found.split("+")[0] != "2.7.1":
            raise BenchError(f"{folder} has torch {found}, expected 2.7.1; remove the folder or name another by --venv")
        self.version = found

    def measure(self, program, *arguments, timeout_s=600):
        """Runs one program of bench/peers and returns its JSON object."""
        return json.loads(run([self.python, PEERS / program, *arguments], timeout_s, cwd=PEERS))
