"""The tutorials run from top to bottom and are kept without outputs."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_is_valid_clean_and_for_our_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "shardlab"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None, "keep outputs out of the repository"


@pytest.mark.workers
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(path, environment, verbs):
    verbs("up", "plan", "place", "train", "check", "down")
    ended = subprocess.run(
        [sys.executable, ROOT / "etc" / "run_notebook.py", path],
        env={**environment, "SHARDLAB_PLAIN": "1"},
        capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
