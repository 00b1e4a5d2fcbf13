"""Cells with %%shard on real workers through the real kernel: JShell, JJava, control sockets, pipes."""

import base64
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
    assert "push needs NAME=VALUE" in four.run("%shard push 3").error


def test_variables_of_the_notebook_go_to_the_workers_by_name(four):
    declared = 'double[] v = {0.5, 2}; long n = 1L << 40; String s = "two words"; char c = \'x\'; byte[] b = {1, -2};'
    assert four.run(declared).error is None
    shown = four.run("%shard push v n s c b extra=3")
    assert shown.error is None and "two words" in shown.text()
    sum_of_all = "%%shard\nv[0] * 2 + n + s.length() + b[1] + extra + (c == 'x' ? 1 : 0)"
    assert four.run(sum_of_all).texts() == ["ranks 0–3 (×4): 1.099511627788E12\n"]
    assert "push: the notebook has no variable 'nowhere'; a value goes as nowhere=VALUE" in four.run("%shard push nowhere").error
    four.run("Object o = new Object(); String none = null;")
    assert "type Object cannot be sent" in four.run("%shard push o").error
    assert "none is null in the notebook" in four.run("%shard push none").error


def test_a_local_cell_runs_in_the_notebook_too(four):
    shown = four.run("%%shard --local\nint both = 20 + 1;\nboth * 2")
    assert shown.texts() == ["ranks 0–3 (×4): 42\n", "notebook: 42\n"]
    assert four.run("both").texts() == ["21"]
    wrong = four.run("%%shard --local\nint twice = 2;\n\nint there = twice *\n    rank;")
    assert "in the notebook: this does not compile there: line 4: cannot find symbol" in wrong.error
    assert "    rank;\n        ^" in wrong.text() or "        rank;\n        ^" in wrong.text(), wrong.text()


def test_parts_of_ranks_are_gathered_into_one_array(four):
    assert four.run("%%shard\nint[][] part = {{rank, 1}, {rank, 2}};\nfloat one = rank / 2f;").error is None
    shown = four.run(
        "io.shardlab.magics.session.Gathered g = %shard gather part -t 1-2 --dim 1\n"
        "System.out.println(java.util.Arrays.deepToString((int[][]) g.value()));"
    )
    assert shown.stream == "[[1, 1, 2, 1], [1, 2, 2, 2]]\n"
    assert "[0.0, 0.5, 1.0, 1.5]" in four.run("%shard gather one").text()
    assert "did you mean part?" in four.run("%shard gather partt").error


def test_pictures_of_workers_are_shown_for_each_rank(four):
    image = (
        "%%shard\nvar image = new java.awt.image.BufferedImage(8, 8, java.awt.image.BufferedImage.TYPE_INT_RGB);\n"
        "image.setRGB(1, 1, 255 << (8 * (rank / 2)));\nimage"
    )
    shown = four.run(image)
    assert [display["text/plain"].split(":")[0] for display in shown.displays] == ["ranks 0–1 (×2)", "ranks 2–3 (×2)"]
    assert all(base64.b64decode(display["image/png"]).startswith(b"\x89PNG") for display in shown.displays)
    bytes_of_a_file = (
        "%%shard -t 3\nvar file = new java.io.ByteArrayOutputStream();\n"
        'javax.imageio.ImageIO.write(image, "png", file);\nfile.toByteArray()'
    )
    assert "image/png" in four.run(bytes_of_a_file).displays[0]


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


def test_a_gigabyte_from_one_worker_is_bounded_and_its_end_is_kept(four):
    """Neither the kernel nor the worker grows by it; what is left out is counted, in lines and in bytes."""
    kernel, megabytes = four.jvm(), 1024
    before = kernel.memory_info().rss
    begun = time.monotonic()
    shown = four.run(
        '%%shard -t 1\nString kilobyte = "x".repeat(1015);\n'
        f"for (int i = 0; i < {megabytes} * 1024; i++) System.out.println(kilobyte + (10000000 + i));\nrank",
        timeout=300,
    )
    grown = (kernel.memory_info().rss - before) >> 20
    print(f"1 GiB from one worker: {time.monotonic() - begun:.1f} s, the kernel grew by {grown} MiB")
    assert shown.error is None
    assert len(shown.stream) < 2_000_000
    assert shown.stream.rstrip().endswith(f"x{10000000 + megabytes * 1024 - 1}")
    left_out = re.search(r"… ([\d,]+) lines \(([\d.]+) MB\) are not shown", shown.stream)
    lines = [line for line in shown.stream.splitlines() if line.startswith("xxx")]
    assert int(left_out[1].replace(",", "")) == megabytes * 1024 - len(lines)
    assert abs(float(left_out[2]) - int(left_out[1].replace(",", "")) * 1024 / 1e6) < 1
    assert grown < 200
    assert "are not kept" in four.run("%shard logs -t 1 --lines 20000").text()[:2000]


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


def late_output(kernel, request, until, seconds=30):
    """What a cell shows once it has ended, until that satisfies `until`."""
    found, deadline = "", time.monotonic() + seconds
    while not until(found):
        assert time.monotonic() < deadline, found
        message = kernel.client.get_iopub_msg(timeout=seconds)
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "stream":
            found += message["content"]["text"]
        elif message["msg_type"] == "display_data":
            found += message["content"]["data"]["text/plain"]
    return found


def test_a_cell_in_the_background_shows_its_output_in_its_own_cell_and_where_somebody_waits(four):
    body = 'comm.barrier();\nfor (int i = 0; i < 3; i++) { Thread.sleep(400); System.out.println("line " + i); }\nrank'
    request = four.client.execute(f"%%shard -t 0-3 --noblock -o counted\n{body}")
    first = four.collect(request)
    assert first.error is None and "cell counted goes on in the background" in first.text()
    assert "running" in four.run("%shard jobs").text()
    refused = four.run("%%shard\nrank")
    assert "cell counted is under way in the background (running" in refused.error, refused.error
    waited = four.run("io.shardlab.magics.session.CellRun r = %shard wait counted\nSystem.out.println(r.value(3));")
    assert waited.error is None, waited.error
    lines = "ranks 0–3 (×4):\nline 0\nline 1\nline 2\n"
    assert waited.stream == lines + "Optional[3]\n"
    assert "rank 0: 0\nrank 1: 1\nrank 2: 2\nrank 3: 3" in waited.text()
    request = four.client.execute('%%shard -a\nThread.sleep(1000);\nSystem.out.println("late");\nrank * 2')
    four.collect(request)
    late = late_output(four, request, lambda text: "rank 3: 6" in text)
    assert "ranks 0–3 (×4): late" in late


def test_a_cell_in_the_background_is_stopped_by_name_and_leaves_the_workers_usable(four):
    begun = time.monotonic()
    started = four.run('%%shard -a -o loop\nint turns = 0;\nwhile (true) { turns++; Thread.sleep(20); }')
    assert started.error is None, started.error
    stopped = four.run("%shard interrupt loop")
    assert stopped.error is None and "cell loop: interrupted" in stopped.text(), stopped.text()
    assert time.monotonic() - begun < 10
    attached = four.run("%shard attach loop")
    assert "interrupted" in attached.text()
    assert four.run("%%shard\ncomm.allReduce(1.0)").texts() == ["ranks 0–3 (×4): 4.0\n"]


def test_a_mistake_in_a_background_cell_fails_the_cell_that_would_begin_it(four):
    shown = four.run("%%shard -a\n\nint wrong = missing2;")
    assert "line 2: cannot find symbol" in shown.error
    failing = four.run('%%shard -a -o bad\nif (rank == 1) throw new IllegalStateException("no");\nrank')
    assert failing.error is None
    waited = four.run("%shard wait bad")
    assert "rank 1" in waited.error and "IllegalStateException: no" in waited.error
    assert "rank 0: 0\nrank 2: 2\nrank 3: 3" in waited.text()
