"""Workers as seen from a notebook: they come, they answer, they never outlive the kernel."""

import time

import psutil
import pytest

pytestmark = pytest.mark.workers

PIDS = 'for (int i = 0; i < s.rowCount(); i++) System.out.println(s.column("pid").getString(i));'


def start(kernel, workers=2):
    assert kernel.run(f"%shard up -n {workers} --devices cpu").error is None
    shown = kernel.run(f"import tech.tablesaw.api.*;\nTable s = %shard status\n{PIDS}")
    assert shown.error is None
    processes = [psutil.Process(int(line.replace(",", ""))) for line in shown.stream.split()]
    assert len(processes) == workers
    return processes


def ended(process):
    """Gone, or dead and waiting for an init process that some containers lack."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def all_end(processes, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all(ended(process) for process in processes):
            return True
    return all(ended(process) for process in processes)


@pytest.fixture
def shard(own_kernel, verbs):
    verbs("up", "status", "train", "down")
    return own_kernel


def test_down_ends_every_worker(shard):
    workers = start(shard)
    assert shard.run("%shard down").error is None
    assert all_end(workers, seconds=10)


def test_a_killed_kernel_takes_its_workers_along(shard):
    workers = start(shard)
    workers[0].suspend()  # a stopped process cannot end itself: the parent-death signal must
    shard.jvm().kill()
    assert all_end(workers, seconds=1)


def test_a_restarted_kernel_takes_its_workers_along(shard):
    workers = start(shard)
    shard.manager.shutdown_kernel(restart=True)
    assert all_end(workers, seconds=10)


def begin_training(kernel):
    """Starts a long run and returns its request once the first steps are shown."""
    assert kernel.run("%shard place tiny --tp 2").error is None
    request = kernel.client.execute("%shard train --steps 100000 --data random")
    while kernel.client.get_iopub_msg(timeout=60)["msg_type"] != "update_display_data":
        pass
    return request


def test_a_worker_killed_in_training_fails_the_cell_within_a_second_and_up_works_again(shard):
    workers = start(shard)
    request = begin_training(shard)
    workers[1].kill()
    killed = time.monotonic()
    failed = shard.collect(request, timeout=10)
    assert time.monotonic() - killed < 1
    assert all(word in failed.error for word in ("rank 1", "tp=1", "cpu:1", "SIGKILL"))
    assert any("cpu:1" in text for text in failed.texts())  # the card
    assert len(start(shard)) == 2


def test_after_a_death_verbs_say_first_that_restart_brings_workers_and_model_back(shard):
    workers = start(shard)
    assert shard.run("%shard place tiny --tp 2").error is None
    workers[1].kill()
    shard.run("%shard mem")
    for line in ("%shard train --steps 2", "%shard check", "%shard vars", "%shard place tiny", "%%shard\nrank"):
        shown = shard.run(line)
        assert shown.error.endswith(
            "rank 1 died (killed by SIGKILL); `%shard restart` brings workers and model back"
        ), line
        assert shown.text() == ""
    assert "tp=1" in shard.run("%shard status").text()
    assert shard.run("%shard restart").error is None
    assert shard.run("%shard train --steps 2 --data random").error is None


def test_an_interrupted_run_returns_the_cell_in_half_a_second_and_the_next_goes_on_from_kept_weights(shard):
    workers = start(shard)
    request = begin_training(shard)
    shard.manager.interrupt_kernel()
    interrupted = time.monotonic()
    shard.collect(request, timeout=10)
    assert time.monotonic() - interrupted < 0.5
    again = shard.run("io.shardlab.magics.session.Run again = %shard train --steps 2 --data random", timeout=60)
    assert again.error is None
    first = shard.run("System.out.println(again.metrics().column(\"step\").getString(0));").stream
    assert int(first) > 0
    assert all(worker.is_running() for worker in workers)


def test_a_flood_of_worker_output_leaves_the_front_end_idle(shard):
    start(shard, workers=4)
    shown = shard.run("%shard doctor --flood 20000")
    assert shown.error is None
    assert "".join(shown.texts()).count("20000 of 20000 lines arrived in order") == 4
    assert shard.run("1 + 1").texts() == ["2"]
