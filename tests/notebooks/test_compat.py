"""The names of nbdistributed and ipyparallel in the real kernel, which knows magics by their whole name only."""

import pytest

pytestmark = pytest.mark.workers


@pytest.fixture(scope="module")
def familiar(kernel):
    for tool in ("nbdistributed", "ipyparallel"):
        assert kernel.run(f"%shard compat {tool}").error is None
    yield kernel
    kernel.run("%shard down")


def test_a_session_of_nbdistributed_runs(familiar):
    assert "nothing to load" in familiar.run("%load_ext nbdistributed").text()
    shown = familiar.run("%dist_init --num-processes 2")
    assert shown.error is None
    assert shown.texts()[0] == "%dist_init is here %shard up -n 2\n"
    assert familiar.run("%%distributed\nint x = rank + 1;\nx").texts() == [
        "%%distributed is here %%shard\n", "rank 0: 1\nrank 1: 2\n"
    ]
    assert familiar.run("%%rank[1]\nx").texts() == ["%%rank[1] is here %%shard -t 1\n", "rank 1: 2\n"]
    assert familiar.run("%%rank[0,1]\nworldSize").texts() == ["ranks 0–1 (×2): 2\n"]
    assert familiar.run("%%rank [0-1]\nworldSize").texts() == ["ranks 0–1 (×2): 2\n"]
    assert familiar.run("%sync").error is None
    assert familiar.run("%dist_status").displays[-1]["text/plain"].count("cpu:") == 2
    assert "there is no rank 5" in familiar.run("%%rank[5]\nx").error
    assert "a Java kernel sends no cell anywhere by itself" in familiar.run("%dist_mode --enable").error


def test_a_session_of_ipyparallel_runs(familiar):
    assert familiar.run("%shard up -n 2 -d cpu").error is None
    shown = familiar.run("%px int y = 10 * rank;")
    assert shown.error is None and "%%shard with the body int y = 10 * rank;" in shown.text()
    assert familiar.run("%%px --targets 1\ny + 1").texts()[-1] == "rank 1: 11\n"
    assert familiar.run("%%px --local -o kept\nint z = 5;\nz").texts() == ["ranks 0–1 (×2): 5\n", "notebook: 5\n"]
    assert familiar.run("%pxresult").texts()[-1] == "ranks 0–1 (×2): 5\n"
    assert "-t 0" in familiar.run("%pxconfig --targets [0]").text()
    assert familiar.run("%px y").texts()[-1] == "rank 0: 0\n"
    assert "write %%px or %%shard" in familiar.run("%autopx").error


def test_the_two_tools_do_not_stand_in_each_others_way(familiar):
    for tool in ("nbdistributed", "ipyparallel"):
        assert f"`%shard compat {tool}` turns the names on" in familiar.run(f"%load_ext {tool}").text()


def test_shutting_down_works_by_its_other_name(familiar):
    assert familiar.run("%shard up -n 2 -d cpu").error is None
    assert "exit code 0" in familiar.run("%dist_shutdown").text()
