"""Runs that go on while cells come and go, and what an interrupt leaves behind."""

import json
import os
import random
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.workers

PIDS = 'for (int i = 0; i < s.rowCount(); i++) System.out.println(s.column("pid").getString(i));'
# A cycle takes about five seconds on two quiet cores.
RESTARTS = int(os.environ.get("SHARDLAB_TEST_RESTARTS", "6"))


@pytest.fixture
def shard(own_kernel, verbs):
    verbs("up", "place", "train", "jobs", "wait", "attach", "interrupt", "restart", "down")
    assert own_kernel.run("%shard up -n 2 --devices cpu").error is None
    yield own_kernel
    own_kernel.run("%shard down --now")


def pids(kernel):
    shown = kernel.run(f"import tech.tablesaw.api.*;\nTable s = %shard status\n{PIDS}")
    assert shown.error is None, shown.error
    return [int(line.replace(",", "")) for line in shown.stream.split()]


def ended(process):
    """Gone, or dead and waiting for an init process that some containers lack."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def owner_lives(folder):
    """Whether the kernel that made a folder of shared memory is still there; other sessions may have theirs."""
    try:
        return psutil.pid_exists(int((folder / "owner").read_text().split()[0]))
    except FileNotFoundError:
        return not folder.exists()  # Removed meanwhile.


def losses(environment, name):
    """Of all runs of that name, by step; no step twice."""
    found = {}
    for folder in (Path(environment["SHARDLAB_HOME"]) / "runs").glob(f"*-{name}"):
        file = folder / "metrics.jsonl"
        for step in map(json.loads, file.read_text().splitlines() if file.exists() else []):
            assert step["step"] not in found, f"step {step['step']} was done twice"
            found[step["step"]] = step["loss"]
    return found


def messages_of(kernel, request, until, seconds=60):
    """What is sent for a cell, whenever it comes, until one of them satisfies `until`."""
    found, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        message = kernel.client.get_iopub_msg(timeout=seconds)
        if message["parent_header"].get("msg_id") == request:
            found.append(message)
            if until(message):
                return found
    raise AssertionError(f"not within {seconds} s; {[m['msg_type'] for m in found]}")


def test_a_run_goes_on_after_its_cell_and_ends_as_one_in_a_cell_would(shard, environment):
    assert shard.run("%shard place tiny --tp 2").error is None
    assert shard.run("%shard train --steps 30 --data random -o front").error is None
    assert shard.run("%shard place tiny --tp 2").error is None
    request = shard.client.execute("%shard train --steps 30 --data random -a -o behind")
    begun = time.monotonic()
    first = shard.collect(request)
    assert first.error is None and "run behind goes on in the background" in first.text()
    # The last update of its display holds the tables; charts follow it in the same cell.
    late = messages_of(
        shard,
        request,
        lambda m: m["msg_type"] == "display_data" and "image/png" in m["content"]["data"],
    )
    assert any("weights MB" in m["content"]["data"]["text/plain"] for m in late if m["msg_type"] == "update_display_data")
    assert time.monotonic() - begun < 60
    waited = shard.run('io.shardlab.magics.session.Run r = %shard wait behind\nSystem.out.println(r.metrics().rowCount());')
    assert waited.error is None and waited.stream.strip() == "30"
    assert sum("image/png" in data for data in waited.displays) == 3
    assert losses(environment, "front") == losses(environment, "behind")


def test_while_a_run_goes_on_looks_work_and_the_rest_says_why_not(shard):
    assert shard.run("%shard place tiny --tp 2").error is None
    started = shard.run("%shard train --steps 100000 --data random -a -o long")
    assert started.error is None, started.error
    assert "busy" in shard.run("%shard status").text()
    assert "running" in shard.run("%shard jobs").text()
    assert shard.run("%shard logs").error is None
    assert shard.run("%shard up -n 2 --devices cpu").error is None  # the same again changes nothing
    top = shard.run("%shard top --for 2s")
    assert top.error is None and len(top.displays) == 1 and "run long: running" in top.text()
    for line in ("%shard place tiny", "%shard train --steps 1", "%shard save nowhere", "%shard mem", "%%shard\nrank"):
        refused = shard.run(line)
        assert "run long is under way in the background" in refused.error, refused.error
        assert "%shard interrupt long" in refused.error
    # A new cell stands for a new page: it shows the run from its beginning, and an interrupt of it stops nothing.
    request = shard.client.execute("%shard attach long")
    messages_of(shard, request, lambda m: m["msg_type"] == "update_display_data" and "/100000 steps" in m["content"]["data"]["text/plain"])
    shard.manager.interrupt_kernel()
    shard.collect(request, timeout=10)
    assert "running" in shard.run("%shard jobs").text()
    stopped = shard.run("%shard interrupt long")
    assert "weights kept at step" in stopped.text()
    assert "rank" in stopped.text() and " in " in stopped.text()  # what each was doing
    assert shard.run("%shard train --steps 1 --data random").error is None


def interrupted(kernel, line, seconds):
    """Runs a line, interrupts it a while after it has begun, and tells how long the cell took to come back.

    The kernel drops an interrupt that comes while it compiles the cell, or before its own thread waits for the cell's. So the
    cell is one statement that says when both are over. Afterwards we wait until all is quiet, because a second interrupt while the first still stops workers is meant to kill them.
    """
    words = ", ".join(f'"{word}"' for word in line.split()[1:])
    request = kernel.client.execute(
        "{ while (Thread.getAllStackTraces().values().stream().noneMatch(calls -> calls.length > 0"
        ' && calls[0].getMethodName().equals("park") && java.util.Arrays.stream(calls)'
        '.anyMatch(call -> call.getClassName().endsWith("JJavaExecutionControl")))) { Thread.onSpinWait(); }'
        ' System.out.println("begun"); var k = org.dflib.jjava.jupyter.kernel.BaseKernel.notebookKernel(); '
        f'k.getMagicsRegistry().evalLineMagic(k, "shard", java.util.List.of({words})); }}'
    )
    messages_of(kernel, request, lambda m: m["msg_type"] == "stream")
    time.sleep(seconds)
    # As a front end does, but waiting for the answer: it must not reach the next cell where this one has ended.
    asked = time.monotonic()
    kernel.client.control_channel.send(kernel.client.session.msg("interrupt_request", {}))
    kernel.client.get_control_msg(timeout=20)
    shown = kernel.collect(request, timeout=20)
    took = time.monotonic() - asked
    quiet = kernel.run("%shard mem")
    assert quiet.error is None, (line, seconds, shown.text(), quiet.error)
    return took


def test_fifty_interrupts_return_the_cell_and_lose_no_step(shard, environment, tmp_path):
    dice = random.Random(50)
    slow, seen = [], []
    assert shard.run("%shard place tiny --tp 2").error is None
    lines = {
        "train": "%shard train --steps 100000 --data random -o torn",
        "save": f"%shard save {tmp_path}/saved",
        "infer": "%shard infer --prompt abc --max-new 100",
    }
    for _ in range(40):
        kind = dice.choice(["train", "train", "save", "infer"])
        seen.append((kind, interrupted(shard, lines[kind], dice.uniform(0, 0.4))))
    whole = shard.run("%shard train --steps 2 --data random -o torn")
    assert whole.error is None, whole.error
    for _ in range(10):
        seen.append(("place", interrupted(shard, "%shard place tiny --tp 2", dice.uniform(0, 0.25))))
    print(f"slowest: {sorted(seen, key=lambda s: s[1])[-3:]}")
    slow = [s for s in seen if s[1] > 0.5]
    assert not slow
    torn = losses(environment, "torn")
    assert list(sorted(torn)) == list(range(len(torn)))
    assert shard.run("%shard place tiny --tp 2").error is None
    straight = shard.run(f"%shard train --steps {len(torn)} --data random -o straight")
    assert straight.error is None, straight.error
    assert losses(environment, "straight") == torn


def test_an_interrupt_while_workers_start_or_are_measured_leaves_none_and_says_so(own_kernel, verbs):
    verbs("up", "status")
    told = []
    for seconds in (0.3, 0.7, 1.0, 1.3):
        request = own_kernel.client.execute(
            '{ System.out.println("begun"); var k = org.dflib.jjava.jupyter.kernel.BaseKernel.notebookKernel(); '
            'k.getMagicsRegistry().evalLineMagic(k, "shard", java.util.List.of("up", "-n", "2", "--devices", "cpu")); }'
        )
        messages_of(own_kernel, request, lambda m: m["msg_type"] == "stream")
        time.sleep(seconds)
        own_kernel.client.control_channel.send(own_kernel.client.session.msg("interrupt_request", {}))
        own_kernel.client.get_control_msg(timeout=20)
        shown = own_kernel.collect(request, timeout=20)
        assert "unexpected" not in shown.text() + str(shown.error), shown
        if "ready in ms" not in shown.text():  # The line comes once the cell has ended.
            late = messages_of(own_kernel, request, lambda m: m["msg_type"] == "display_data", 20)
            told.append(late[-1]["content"]["data"]["text/plain"])
        assert own_kernel.run("%shard down").error is None  # waits for what is still stopping
    print(told)
    assert told and all(text.startswith("interrupted: up") and "unexpected" not in text for text in told), told
    assert any("none is left, and `%shard up` starts them" in text or "still stopping" in text for text in told), told
    assert own_kernel.run("%shard up -n 2 --devices cpu").error is None
    assert own_kernel.run("%shard mem").error is None


def test_a_restart_keeps_what_it_can_and_says_what_is_lost(shard, environment, tmp_path):
    assert shard.run("%shard place tiny --tp 2").error is None
    assert shard.run("%shard train --steps 3 --data random -o anew").error is None
    before = pids(shard)
    again = shard.run("%shard restart -t 1")
    assert again.error is None, again.error
    assert "rank 1 was to be restarted" in again.text() and "as it was at step 3" in again.text()
    assert not set(before) & set(pids(shard))
    assert shard.run("%shard train --steps 2 --data random -o anew").error is None
    assert shard.run(f"%shard save {tmp_path}/five").error is None
    assert shard.run("%shard train --steps 1 --data random").error is None
    psutil.Process(pids(shard)[1]).kill()
    assert "SIGKILL" in shard.run("%shard train --steps 1 --data random").error
    again = shard.run("%shard restart")
    assert again.error is None, again.error
    assert "of step 5; lost: 1 step since then (rank 1" in again.text()
    assert shard.run("%shard train --steps 2 --data random -o anew").error is None
    assert shard.run("%shard place tiny --tp 2").error is None
    assert shard.run("%shard train --steps 7 --data random -o unbroken").error is None
    assert losses(environment, "anew") == losses(environment, "unbroken")


def test_workers_that_nobody_uses_are_stopped_and_the_next_verb_says_so(own_kernel, verbs):
    verbs("up")
    assert own_kernel.run("%shard up -n 1 --devices cpu --idle 5s").error is None
    (worker,) = map(psutil.Process, pids(own_kernel))
    deadline = time.monotonic() + 20
    while not ended(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    shown = own_kernel.run("%shard status")
    assert "the workers were stopped after 5 s without use" in shown.text()


def test_restarted_kernels_leave_no_worker_and_no_file(own_kernel, verbs):
    verbs("up", "status", "train")
    before = set(Path("/dev/shm").glob("shardlab-*"))
    begun, seen = time.monotonic(), []
    for number in range(RESTARTS):
        trains = number % 3 == 0
        assert own_kernel.run(f"%shard up -n {2 if trains else 1} --devices cpu").error is None
        if trains:
            assert own_kernel.run("%shard train tiny --tp 2 --steps 100000 --data random -a").error is None
        family = psutil.Process(own_kernel.manager.provisioner.pid).children(recursive=True)
        workers = [process for process in family if any("WorkerMain" in word for word in process.cmdline())]
        assert len(workers) == (2 if trains else 1)
        seen += workers
        own_kernel.client.stop_channels()
        own_kernel.manager.restart_kernel(now=number % 4 != 0)
        own_kernel.client = own_kernel.manager.client()
        own_kernel.client.start_channels()
        own_kernel.client.wait_for_ready(timeout=120)
    print(f"{RESTARTS} restarts in {time.monotonic() - begun:.0f} s")
    deadline = time.monotonic() + 10
    while not all(map(ended, seen)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(map(ended, seen))
    # Nothing is started here, which would sweep what was killed: each kernel's last watch has to.
    while left_since(before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left_since(before)


def left_since(before):
    return [folder for folder in set(Path("/dev/shm").glob("shardlab-*")) - before if not owner_lives(folder)]
