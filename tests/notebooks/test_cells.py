"""Cells with %%shard on real workers through the real kernel: JShell, JJava, control sockets, pipes."""

import re
import time

import pytest

pytestmark = pytest.mark.workers


@pytest.fixture(scope="module")
def four(kernel):
    assert kernel.run("%shard up -n 4 --devices cpu").error is None
    yield kernel
    kernel.run("%shard down")


def test_equal_output_is_folded_and_the_last_expression_shown_for_each_rank(four):
    shown = four.run('%%shard\nSystem.out.println("hello");\nworldSize')
    assert shown.error is None
    assert shown.stream == "ranks 0–3 (×4): hello\n"
    assert shown.texts() == ["ranks 0–3 (×4): 4\n"]
    shown = four.run("%%shard -t 1-2\nrank * 10")
    assert shown.texts() == ["rank 1: 10\nrank 2: 20\n"]


def test_state_is_kept_and_collectives_work_by_hand(four):
    assert four.run("%%shard\nNDArray x = manager.ones(new Shape(2, 2)).mul(rank);").error is None
    shown = four.run("%%shard\nNDArray sum = comm.allReduce(x);\nsum.getFloat(0, 0)")
    assert shown.texts() == ["ranks 0–3 (×4): 6.0\n"]
    table = four.run("%shard vars -t 3").text()
    assert re.search(r"x\s+NDArray\s+3\s+2 × 2\s+float32\s+cpu\(\)\s+16", table)


def test_a_compile_error_is_shown_once_with_the_cells_own_line(four):
    shown = four.run("%%shard\n\nint fine = 1;\nint wrong = fine + missing;")
    assert "line 3: cannot find symbol" in shown.error
    assert shown.text().count("missing;") == 1
    assert "at io.shardlab" not in shown.traceback


def test_an_exception_is_a_card_with_the_cells_line_and_other_ranks_go_on(four):
    shown = four.run('%%shard\nint ok = 1;\nif (rank == 2)\n    throw new java.io.IOException("disk");\nrank')
    assert "rank 2" in shown.error and "IOException: disk" in shown.error
    assert re.search(r"cell \d+, line 3", shown.error)
    assert "rank 0: 0\nrank 1: 1\nrank 3: 3" in shown.text()
    assert four.run("%%shard\ncomm.allReduce(1.0)").texts() == ["ranks 0–3 (×4): 4.0\n"]


def test_a_variable_that_a_rank_never_got_is_named(four):
    assert four.run("%%shard -t 0\nint only = 5;").error is None
    shown = four.run("%%shard\nonly + 1")
    assert "only has no value on ranks 1–3" in shown.error
    assert four.run("%%shard -t 0\nonly + 1").texts() == ["rank 0: 6\n"]


def test_values_go_to_the_workers_and_come_back(four):
    assert four.run('%shard push rate=0.5 grid=[[1, 2], [3, 4]] note="two words"').error is None
    assert four.run("%%shard\nrate * grid[1][0] + note.length()").texts() == ["ranks 0–3 (×4): 10.5\n"]
    assert four.run("%%shard\nNDArray t = manager.arange(4f).reshape(2, 2).add(rank);").error is None
    pulled = four.run(
        "io.shardlab.magics.session.Pulled p = %shard pull t\n"
        "System.out.println(((float[][]) p.value(3))[1][1]);"
    )
    assert pulled.error is None
    assert pulled.stream == "6.0\n"
    assert "push needs NAME=VALUE" in four.run("%shard push rate").error


def test_a_cell_that_waits_for_nobody_is_stopped_and_its_rank_named(four):
    begun = time.monotonic()
    shown = four.run("%%shard -t 0 --timeout 1\ncomm.allReduce(1.0)")
    assert "stopped after 1.0 s: rank 0 in all_reduce had not ended" in shown.error
    assert time.monotonic() - begun < 4
    assert four.run("%%shard\ncomm.allReduce(1.0)").texts() == ["ranks 0–3 (×4): 4.0\n"]


def test_an_interrupt_returns_the_cell_in_half_a_second_and_keeps_variables(four):
    assert four.run("%%shard\nint before = 41;\nrank").error is None
    request = four.client.execute('%%shard -t 0\nSystem.out.println("waiting");\nThread.sleep(700);\ncomm.barrier();')
    while four.client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
        pass
    four.manager.interrupt_kernel()
    interrupted = time.monotonic()
    shown = four.collect(request, timeout=10)
    assert time.monotonic() - interrupted < 0.5
    assert shown.error is not None
    assert four.run("%%shard\nbefore + comm.allReduce(0.25)").texts() == ["ranks 0–3 (×4): 42.0\n"]


def test_four_times_twenty_thousand_lines_all_arrive_and_the_cell_ends(four):
    loop = '%%shard\nfor (int i = 0; i < 20000; i++) System.out.println("rank " + rank + " line " + i);'
    begun = time.monotonic()
    shown = four.run(loop)
    print(f"4 x 20000 lines: {time.monotonic() - begun:.2f} s")
    assert shown.error is None
    lines = shown.stream.splitlines()
    for rank in range(4):
        assert [line for line in lines if line.startswith(f"rank {rank} line")] == [
            f"rank {rank} line {i}" for i in range(20000)
        ]
    assert four.run("1 + 1").texts() == ["2"]


def test_a_flood_from_one_worker_is_bounded_and_its_end_is_kept(four):
    megabytes = 100
    shown = four.run(
        '%%shard -t 1\nString kilobyte = "x".repeat(1016);\n'
        f'for (int i = 0; i < {megabytes} * 1024; i++) System.out.println(kilobyte + i);\nrank'
    )
    assert shown.error is None
    assert len(shown.stream) < 2_000_000
    assert shown.stream.rstrip().endswith(f"x{megabytes * 1024 - 1}")
    assert "lines are not shown" in shown.stream


def test_an_endless_loop_ends_with_the_second_interrupt_and_up_works_again(own_kernel):
    assert own_kernel.run("%shard up -n 2 --devices cpu").error is None
    request = own_kernel.client.execute('%%shard -t 1\nSystem.out.println("spinning");\nwhile (true) { }')
    while own_kernel.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    own_kernel.manager.interrupt_kernel()
    own_kernel.collect(request, timeout=10)
    told = ""
    while "interrupt again to kill" not in told:  # shown when the kernel has already ended the cell
        message = own_kernel.client.get_iopub_msg(timeout=20)
        told = message["content"].get("data", {}).get("text/plain", "")
    assert "rank 1 in cell" in told
    second = own_kernel.client.execute("%%shard\nrank")
    time.sleep(0.3)
    own_kernel.manager.interrupt_kernel()
    own_kernel.collect(second, timeout=10)
    assert own_kernel.run("%shard up -n 2 --devices cpu", timeout=60).error is None
    assert own_kernel.run("%%shard\nworldSize").texts() == ["ranks 0–1 (×2): 2\n"]


def test_what_cells_send_is_counted_to_the_byte(four):
    """80 bytes before a value name its type and shape; a collective counts what the best algorithm must send."""
    count = (
        "import tech.tablesaw.api.Table;\nTable sent = %shard traffic --reset\n"
        'System.out.print(Math.round(sent.row(1).getDouble("sent_mb") * (1 << 20)) + " " + sent.row(1).getString("sent_by"));'
    )
    assert four.run(count).error is None
    assert four.run("%%shard\nif (rank == 1) comm.send(2, new double[10]);\nif (rank == 2) comm.receive(1);").error is None
    assert four.run(count).stream.startswith("160 send")
    assert four.run("%%shard\ncomm.allReduce(new double[400]);").error is None
    assert four.run(count).stream.startswith(f"{2 * 3 * 3200 // 4} all_reduce")
