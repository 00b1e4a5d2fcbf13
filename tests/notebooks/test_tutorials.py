"""The tutorials run from top to bottom and are kept with their outputs, which tell nothing about whose machine made them."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = sorted((ROOT / "notebooks").glob("*.ipynb"))


# Places that exist on one machine only; /dev/shm and /proc are everywhere.
A_PLACE = re.compile(r"/(?:home|root|work|tmp|check|Users)/[\w.]+")


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_is_valid_and_for_our_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "shardlab"


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_is_kept_as_it_ran_from_top_to_bottom(path):
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(cell.outputs for cell in code)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_the_outputs_of_a_tutorial_name_no_place_on_the_machine_that_made_them(path):
    notebook = nbformat.read(path, as_version=4)
    places = [place for cell in notebook.cells for place in A_PLACE.findall(str(cell.get("outputs", "")))]
    assert not places


@pytest.mark.workers
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(path, environment, verbs):
    verbs("up", "plan", "place", "train", "check", "down")
    if "fashion-mnist" in path.read_text() and not Path("/usr/share/datasets/fashion-mnist").is_dir():
        pytest.skip("Fashion-MNIST is not installed (Debian: apt-get install dataset-fashion-mnist)")
    ended = subprocess.run(
        [sys.executable, ROOT / "etc" / "run_notebook.py", path],
        env={**environment, "SHARDLAB_PLAIN": "1"},
        capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
