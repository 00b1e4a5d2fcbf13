"""Workers as seen from a notebook: they come, they answer, they never outlive the kernel."""

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


@pytest.fixture
def shard(own_kernel, verbs):
    verbs("up", "status", "train", "down")
    return own_kernel


def test_down_ends_every_worker(shard):
    workers = start(shard)
    assert shard.run("%shard down").error is None
    assert not psutil.wait_procs(workers, timeout=10)[1]


def test_a_killed_kernel_takes_its_workers_along(shard):
    workers = start(shard)
    shard.jvm().kill()
    assert not psutil.wait_procs(workers, timeout=10)[1]


def test_a_restarted_kernel_takes_its_workers_along(shard):
    workers = start(shard)
    shard.manager.shutdown_kernel(restart=True)
    assert not psutil.wait_procs(workers, timeout=10)[1]


def test_a_killed_worker_is_named_in_the_failing_cell_and_up_works_again(shard):
    workers = start(shard)
    assert shard.run("%shard place tiny --tp 2").error is None
    workers[1].kill()
    failed = shard.run("%shard train --steps 2 --data random")
    assert failed.error and "1" in failed.error
    assert len(start(shard)) == 2


def test_an_interrupted_run_returns_the_cell_and_keeps_the_workers(shard):
    workers = start(shard)
    assert shard.run("%shard place tiny --tp 2").error is None
    request = shard.client.execute("%shard train --steps 100000 --data random")
    while shard.client.get_iopub_msg(timeout=60)["msg_type"] not in ("display_data", "stream"):
        pass
    shard.manager.interrupt_kernel()
    shard.collect(request, timeout=10)
    assert shard.run("%shard status", timeout=30).error is None
    assert all(worker.is_running() for worker in workers)


def test_a_flood_of_worker_output_leaves_the_front_end_idle(shard):
    start(shard)
    shown = shard.run('%%shard\nfor (int i = 0; i < 20_000; i++) System.out.println("line " + i);')
    assert shown.error is None
    assert shard.run("1 + 1").texts() == ["2"]
