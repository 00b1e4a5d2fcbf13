"""The magics in the front end that people use. Screenshots stay in .lab/browser."""

import os
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat import v4

import browser

pytestmark = [pytest.mark.workers, pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))]

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / ".lab" / "browser"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder for runs that is in the environment of this test's kernels and workers only."""
    monkeypatch.setenv("SHARDLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SHARD_TUTORIAL", "tiny")
    SHOTS.mkdir(parents=True, exist_ok=True)
    return tmp_path / "home"


def workers(home):
    """The worker JVMs of this test's kernels."""
    found = []
    for process in psutil.process_iter():
        try:
            if any("WorkerMain" in word for word in process.cmdline()):
                if process.environ().get("SHARDLAB_HOME") == str(home):
                    found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def notebook(folder, *cells):
    book = v4.new_notebook(
        cells=[v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "shardlab", "display_name": "Java (shardlab)", "language": "java"}},
    )
    nbformat.write(book, folder / "small.ipynb")
    return folder / "small.ipynb"


def test_the_first_tutorial_runs_in_jupyterlab(home):
    expected = nbformat.read(ROOT / "notebooks" / "00-start.ipynb", as_version=4)
    failures = sum(output.output_type == "error" for cell in expected.cells for output in cell.get("outputs", ()))
    assert failures == 0, "Run All stops at a failing cell"
    assert browser.run_all(ROOT / "notebooks" / "00-start.ipynb", SHOTS, minutes=4) == 0
    assert (SHOTS / "00-start-after.png").stat().st_size > 100_000


def test_a_long_run_is_seen_live_is_interrupted_and_leaves_no_worker_behind(home, tmp_path):
    book = notebook(tmp_path, "%shard up -n 2", "%shard train tiny --tp 2 --steps 100000 --data random")
    with browser.opened(book) as page:
        page.run_all()
        browser.until(lambda: "step" in page.text(), 90, "no progress was shown")
        first = page.text()
        browser.until(lambda: page.text() != first, 60, "the progress did not move")
        assert page.waiting() and len(workers(home)) == 2
        page.picture(SHOTS / "live.png")

        page.interrupt()
        page.finish(30)
        page.picture(SHOTS / "interrupted.png")
        assert len(workers(home)) == 2, "an interrupt keeps the workers"

        page.restart()
        browser.until(lambda: not workers(home), 30, "workers outlived their kernel")

        page.run_all()
        browser.until(lambda: "step" in page.text(), 90, "the restarted kernel showed no progress")
        page.interrupt()
        page.finish(30)
    browser.until(lambda: not workers(home), 30, "workers outlived JupyterLab")


def test_a_reloaded_page_finds_its_outputs_and_its_workers_again(home, tmp_path):
    book = notebook(tmp_path, "%shard up -n 2", "%shard train tiny --tp 2 --steps 5 --data random", "%shard status")
    with browser.opened(book) as page:
        page.run_all()
        page.finish(90)
        before = workers(home)
        assert len(before) == 2 and not page.errors()
        page.save()

        page.reload()
        assert "tp=1" in page.text() and "tokens/s" in page.text(), "outputs are kept with the notebook"
        assert workers(home) == before, "a page is not a kernel"
        page.picture(SHOTS / "reloaded.png")

        page.run_all()
        page.finish(90)
        assert workers(home) == before, "up with the same specification changes nothing"
        assert not page.errors()
    browser.until(lambda: not workers(home), 30, "workers outlived JupyterLab")
