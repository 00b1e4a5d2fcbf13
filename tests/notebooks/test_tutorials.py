"""The tutorials are one course of one form, run from top to bottom, and are kept with outputs that anybody can read."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each = pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)


# Places that exist on one machine only; /dev/shm and /proc are everywhere.
A_PLACE = re.compile(r"/(?:home|root|work|tmp|check|Users)/[\w.]+")


def read(path):
    return nbformat.read(path, as_version=4)


def texts(path):
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


def code(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


@each
def test_a_tutorial_is_valid_and_for_our_kernel(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "shardlab"


@each
def test_a_tutorial_has_the_form_of_the_course(path):
    """A question; what, how long, how much; one idea; predictions; exercises with folded answers; at most 25 cells."""
    assert len(read(path).cells) <= 25
    title, *rest = texts(path)
    assert re.match(r"# .+\?\n", title)
    for heading in ("**You learn**", "**Time**:", "**Memory**:", "**You need**"):
        assert heading in title, heading
    body = "\n".join(rest)
    assert body.count("## The idea: ") == 1
    assert body.count("**Before you run it**") >= 3
    exercises = body.split("## To try\n")
    assert len(exercises) == 2
    asked = re.findall(r"^\d\. (.*)$", exercises[1], flags=re.MULTILINE)
    assert len(asked) >= 3
    assert all(re.search(r"<details><summary>Answer</summary>.+</details>$", line) for line in asked)


@each
def test_something_is_said_after_each_figure(path):
    """Between two cells that show something stands a text, the last `down` aside; prints may follow their figures."""
    cells = read(path).cells
    for before, after in zip(cells, cells[1:]):
        shows = any(output.output_type == "display_data" for output in before.get("outputs", ()))
        draws = any("image/png" in output.get("data", {}) for output in before.get("outputs", ()))
        if shows and draws and after.cell_type == "code":
            assert "System.out" in after.source or after.source.strip() == "%shard down", after.source


@each
def test_the_size_is_read_from_the_environment_in_one_cell(path):
    readers = [cell.source for cell in code(path) if "getenv" in cell.source]
    assert len(readers) == 1
    assert 'System.getenv().getOrDefault("SHARD_TUTORIAL", "small")' in readers[0]
    assert readers[0] == code(path)[0].source
    declared = re.findall(r"^(?:int|long|String|boolean) (\w+) =|, (\w+) = \"large\"", readers[0], flags=re.MULTILINE)
    names = {name for pair in declared for name in pair if name} - {"size"}
    others = "\n".join(cell.source for cell in code(path)[1:])
    assert names and all(re.search(rf"\b{name}\b", others) for name in names)


@each
def test_the_course_leads_on_and_back_and_no_link_ends_in_nothing(path):
    everything = "\n".join(texts(path))
    links = re.findall(r"\]\(([^)#]+)\)", everything)
    assert all((path.parent / link).is_file() for link in links if "://" not in link)
    place = TUTORIALS.index(path)
    for neighbour in TUTORIALS[max(0, place - 1):place] + TUTORIALS[place + 1:place + 2]:
        assert neighbour.name in links, f"{path.name} does not lead to {neighbour.name}"


@each
def test_nothing_stops_run_all(path):
    """JupyterLab stops at a failing cell, tagged or not: a failure that is to be seen is caught and printed."""
    for cell in code(path):
        assert not cell.metadata.get("tags")
        assert not any(output.output_type == "error" for output in cell.outputs)


@each
def test_a_tutorial_is_kept_as_it_ran_from_top_to_bottom(path):
    cells = code(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert any(cell.outputs for cell in cells)
    assert "SHARD_TUTORIAL" in cells[0].source
    assert not any("execution" in cell.metadata for cell in cells), "times of day say nothing: ./lab run leaves them out"


@each
def test_the_outputs_of_a_tutorial_name_no_place_on_the_machine_that_made_them(path):
    places = [place for cell in read(path).cells for place in A_PLACE.findall(str(cell.get("outputs", "")))]
    assert not places


# Where styles are lost, a wide table is as wide as it is; where they are not, it scrolls by itself.
SCROLLS = '<div style="overflow-x:auto">'


@each
def test_a_saved_tutorial_reads_well_where_nobody_trusts_it(path):
    """No script, no widget, no style that says anything; every figure and table has a text twin; no value is a Java address."""
    for cell in code(path):
        for output in cell.outputs:
            data = output.get("data", {})
            assert set(data) <= {"text/html", "text/plain", "image/png"}, set(data)
            html = data.get("text/html", "").replace(SCROLLS, "")
            assert not re.search(r"<(script|style|iframe|link|object)\b|\son\w+\s*=|javascript:|style\s*=", html)
            if "image/png" in data or html:
                twin = data["text/plain"].strip()
                assert len(twin.splitlines()) >= 1 and len(twin) > 10
            assert not re.search(r"\b[\w.$]+@[0-9a-f]{5,8}\b", data.get("text/plain", "") + output.get("text", ""))


@pytest.fixture(scope="module")
def run(request, environment):
    """Gives the end of a tutorial's run. Two run at a time, since each leaves a core idle while it starts and draws."""

    def whole(path):
        return subprocess.run(
            [sys.executable, ROOT / "etc" / "run_notebook.py", path],
            env={**environment, "SHARDLAB_PLAIN": "1"},
            capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
        )

    wanted = [item.callspec.params["path"] for item in request.session.items if item.originalname == "test_a_tutorial_runs"]
    with ThreadPoolExecutor(2) as pool:
        runs = {path: pool.submit(whole, path) for path in wanted}
        yield lambda path: runs[path].result()
        for waiting in runs.values():
            waiting.cancel()


@pytest.mark.workers
@each
def test_a_tutorial_runs(path, run):
    ended = run(path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for wrong in ("NOT the same", "DIFFERENT"):
        assert wrong not in ended.stdout
