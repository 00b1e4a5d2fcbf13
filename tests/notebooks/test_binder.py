"""What Binder reads: it goes on after errors in postBuild, and rebuilds for every push to an unpinned branch."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / "binder"


@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_scripts_stop_at_the_first_error_and_are_executable(script):
    assert "set -euo pipefail" in (BINDER / script).read_text()
    assert os.access(BINDER / script, os.X_OK)


def test_start_hands_over_to_the_server():
    assert (BINDER / "start").read_text().rstrip().endswith('exec "$@"')


def test_an_environment_is_named_so_that_the_build_is_not_refused():
    assert (BINDER / "runtime.txt").read_text().strip() == "python-3.12"


def test_nothing_beside_environment_files_lies_there():
    assert {path.name for path in BINDER.iterdir()} == {"apt.txt", "postBuild", "runtime.txt", "start"}


def test_every_python_tool_is_pinned():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    tools = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert tools and all(re.match(r"[A-Za-z0-9_.\[\]-]+==\S+", tool) for tool in tools)


def test_no_tutorial_fetches_anything():
    for tutorial in (ROOT / "notebooks").glob("*.ipynb"):
        assert not re.search(r"%maven|%loadFromPOM|https?://", re.sub(r'"image/png": "[^"]*"', "", tutorial.read_text()))


@pytest.mark.parametrize("script", ["binder/postBuild", "binder/start", "tests/binder/try.sh", "lab"])
def test_scripts_are_bash(script):
    assert subprocess.run(["bash", "-n", ROOT / script], capture_output=True, text=True).stderr == ""
