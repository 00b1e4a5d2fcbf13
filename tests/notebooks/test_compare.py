"""Schemes compared and a session's report, in the real kernel: what the table holds, what comes back, what the file is."""

import base64
import re
import struct
import time
import zlib

import pytest

pytestmark = pytest.mark.workers

SCHEMES = '--schemes "single; naive=2; tp=2; pp=2,m=4; dp=2"'
TINY = "--batch 4 --seq 32 --data random"
COLUMNS = (
    "scheme workers step_ms step_ms_low step_ms_high tokens_per_s speedup speedup_naive efficiency "
    "peak_mb bubble_pct comm_pct predicted_step_ms losses"
).split()


def column(kernel, name):
    code = f'for (int i = 0; i < t.rowCount(); i++) System.out.println(t.column("{name}").getUnformattedString(i));'
    return kernel.run(code).stream.split("\n")[:-1]


@pytest.fixture
def shard(kernel, verbs):
    verbs("up", "compare", "report", "down")
    yield kernel
    kernel.run("%shard down")


def decoded(png):
    """Width and height of a PNG whose every chunk is whole."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, size = 8, None
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        at += 12 + length
    return size


def test_compare_measures_every_scheme_puts_back_what_was_placed_and_a_report_holds_it(shard, tmp_path):
    assert shard.run("%shard up -n 2 --devices cpu").error is None
    assert shard.run(f"%shard train tiny --tp 2 --steps 3 {TINY}").error is None
    before = shard.run("%shard train --steps 1 --data random")
    assert before.error is None

    shown = shard.run(f"import tech.tablesaw.api.*;\nTable t = %shard compare tiny {SCHEMES} {TINY} --steps 2 --repeat 1")
    assert shown.error is None, shown
    text = shown.text()
    assert re.search(r"is fastest.* with [\d,]+ tokens/s", text)
    assert "Ceiling of this machine: 2 independent single runs at once reach" in text
    assert "tiny under tp=2 is placed again, as it was after step 4." in text
    assert "DO NOT COMPUTE THE SAME" not in text
    assert sum("image/png" in display for display in shown.displays) == 2

    names = shard.run('System.out.println(String.join(" ", t.columnNames()));').stream.split()
    assert set(COLUMNS) <= set(names)
    assert column(shard, "scheme") == ["single", "naive=2", "tp=2", "pp=2,m=4", "dp=2"]
    assert column(shard, "workers") == ["1", "2", "2", "2", "2"]
    for name in ("step_ms", "tokens_per_s", "speedup", "efficiency", "peak_mb", "predicted_step_ms"):
        assert all(float(value) > 0 for value in column(shard, name)), name
    assert float(column(shard, "speedup")[0]) == 1
    assert float(column(shard, "speedup_naive")[1]) == 1
    assert column(shard, "losses")[0] == "reference"
    assert set(column(shard, "losses")[1:]) <= {"same bits", "rounding"}
    low, median, high = (column(shard, name) for name in ("step_ms_low", "step_ms", "step_ms_high"))
    assert all(float(a) <= float(b) <= float(c) for a, b, c in zip(low, median, high))

    # The weights are those of step 4, so training goes on there.
    again = shard.run("io.shardlab.magics.session.Run again = %shard train --steps 1 --data random")
    assert again.error is None
    assert shard.run('System.out.print(again.metrics().column("step").getString(0));').stream == "4"

    assert shard.run("%shard check --steps 1").error is None
    file = tmp_path / "session.html"
    assert shard.run(f'%shard report {file} --title "Two workers"').error is None
    html = file.read_text()
    assert not re.search(r"<script|<link|https?://|@import", html, re.IGNORECASE)
    assert re.findall(r'<h2 id="s\d">(\w+)</h2>', html) == ["Environment", "Plan", "Runs", "Checks", "Comparisons"]
    pictures = re.findall(r'<img alt="([^"]+)" src="data:image/png;base64,([^"]+)"', html)
    assert len(pictures) == 3 * 4 + 2  # four of each run, two of the comparison
    for title, data in pictures:
        assert title and decoded(base64.b64decode(data))[0] > 600
    assert "Nothing is simulated" in html and "tp=2 against single: " in html


def test_compare_starts_workers_of_its_own_and_stops_them(shard):
    shown = shard.run(f'%shard compare tiny --schemes "single; pp=2,m=2" {TINY} --steps 1 --repeat 1')
    assert shown.error is None, shown
    assert "2 workers were started for this and stopped after it." in shown.text()
    assert "no workers" in shard.run("%shard status").text()


def test_an_interrupted_comparison_returns_in_half_a_second_with_its_table_and_what_was_placed(shard):
    assert shard.run("%shard up -n 2 --devices cpu").error is None
    assert shard.run(f"%shard train tiny --pp 2 --steps 2 {TINY}").error is None
    request = shard.client.execute(f'%shard compare tiny --schemes "single; tp=2" {TINY} --steps 2 --repeat 1000')
    while True:
        message = shard.client.get_iopub_msg(timeout=60)
        if message["msg_type"] == "update_display_data" and "tp=2" in message["content"]["data"]["text/html"]:
            break
    shard.manager.interrupt_kernel()
    interrupted = time.monotonic()
    shard.collect(request, timeout=10)
    assert time.monotonic() - interrupted < 0.5
    # The kernel ends the cell at once; what the verb leaves comes just after.
    left = ""
    while "interrupted: compare; " not in left or "Stopped after " not in left:
        message = shard.client.get_iopub_msg(timeout=10)
        if message["msg_type"] in ("display_data", "update_display_data"):
            left += message["content"]["data"]["text/plain"]
    again = shard.run("io.shardlab.magics.session.Run again = %shard train --steps 1 --data random", timeout=60)
    assert again.error is None, again
    assert shard.run('System.out.print(again.metrics().column("step").getString(0) + again.plan().scheme());').stream == "2pp=2"


def test_generation_is_compared_and_all_schemes_say_the_same_tokens(shard):
    shown = shard.run(
        'import tech.tablesaw.api.*;\nTable t = %shard compare tiny --infer --prompt "int i" --max-new 8 --repeat 2'
        ' --schemes "single; tp=2; pp=2; dp=2"'
    )
    assert shown.error is None, shown
    assert re.search(r"is fastest.* with [\d,.]+ tokens/s", shown.text())
    assert "DO NOT SAY THE SAME" not in shown.text()
    assert sum("image/png" in display for display in shown.displays) == 2
    assert column(shard, "tokens") == ["reference", "the same", "the same", "the same"]
    for name in ("tokens_per_s", "ttft_ms", "token_ms", "peak_mb"):
        assert all(float(value) > 0 for value in column(shard, name)), name
    communication = [float(value) for value in column(shard, "comm_pct")]
    assert communication[1] > 0 and all(0 <= value < 100 for value in communication)
    assert float(column(shard, "wait_pct")[2]) > 0


def test_where_nothing_was_placed_nothing_is_left_on_the_workers(shard):
    assert shard.run("%shard up -n 2 --devices cpu").error is None
    shown = shard.run(f'%shard compare tiny --schemes "single; tp=2" {TINY} --steps 1 --repeat 1')
    assert shown.error is None, shown
    assert "is placed again" not in shown.text()
    left = shard.run("import tech.tablesaw.api.*;\nTable t = %shard mem")
    assert left.error is None, left.error
    for name in ("weights_mb", "gradients_mb", "optimizer_mb"):
        assert {float(value or 0) for value in column(shard, name)} == {0.0}, name
    assert "no model is placed" in shard.run("%shard train --steps 1").error
