"""What Binder reads: it goes on after errors in postBuild, and rebuilds for every push to an unpinned branch."""

import os
from pathlib import Path

import pytest

BINDER = Path(__file__).resolve().parents[2] / "binder"


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
