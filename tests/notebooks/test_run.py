"""`./lab run`: what it prints, what it saves, how it ends."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

SCRIPT = Path(__file__).resolve().parents[2] / "etc" / "run_notebook.py"


@pytest.fixture
def run(tmp_path, environment):
    def run(*cells, options=()):
        notebook = tmp_path / "in.ipynb"
        nbformat.write(v4.new_notebook(cells=list(cells)), notebook)
        return subprocess.run(
            [sys.executable, SCRIPT, notebook, *options],
            env=environment, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL,
        )

    return run


def test_outputs_are_printed_as_text_and_saved(run, tmp_path):
    out, html = tmp_path / "out.ipynb", tmp_path / "out.html"
    ended = run(
        v4.new_code_cell('System.out.println("hello");'),
        v4.new_code_cell("%shard devices"),
        options=["-o", out, "--html", html],
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "hello\n" in ended.stdout
    saved = nbformat.read(out, as_version=4)
    nbformat.validate(saved)
    text = saved.cells[1].outputs[0].data["text/plain"]
    assert text.strip() in ended.stdout

    page = html.read_text(encoding="utf-8")
    assert "hello" in page
    assert "<script" not in page
    assert 'src="http' not in page and "url(http" not in page


def test_a_failing_cell_fails_the_run_and_later_cells_do_not_run(run):
    ended = run(v4.new_code_cell("int x = 1 / 0;"), v4.new_code_cell('System.out.println("later");'))
    assert ended.returncode == 1
    assert "by zero" in ended.stdout
    assert "later\n" not in ended.stdout


def test_a_cell_that_may_fail_does_not_fail_the_run(run):
    may_fail = v4.new_code_cell("int x = 1 / 0;")
    may_fail.metadata.tags = ["raises-exception"]
    ended = run(may_fail, v4.new_code_cell('System.out.println("later");'))
    assert ended.returncode == 0
    assert "later\n" in ended.stdout


def test_what_is_not_a_notebook_is_refused_in_one_line(tmp_path, environment):
    text = tmp_path / "text.ipynb"
    text.write_text("no notebook")
    ended = subprocess.run(
        [sys.executable, SCRIPT, text], env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "cannot be read as a notebook" in ended.stdout
    assert "Traceback" not in ended.stderr
