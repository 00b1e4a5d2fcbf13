"""The magics in the front end that people use."""

import nbformat
import pytest
from nbformat import v4

import browser

pytestmark = pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))


def test_a_notebook_runs_in_jupyterlab(tmp_path):
    notebook = v4.new_notebook(
        cells=[v4.new_code_cell("%shard help"), v4.new_code_cell("%shard devices")],
        metadata={"kernelspec": {"name": "shardlab", "display_name": "Java (shardlab)", "language": "java"}},
    )
    nbformat.write(notebook, tmp_path / "small.ipynb")
    assert browser.run_all(tmp_path / "small.ipynb", tmp_path / "shots", minutes=3) == 0
    assert (tmp_path / "shots" / "small-after.png").stat().st_size > 10_000
