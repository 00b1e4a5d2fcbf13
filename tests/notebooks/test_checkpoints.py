"""Checkpoints from a notebook: other tools read them, and a run that died goes on as if it had not."""

import json
import math
import struct
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.workers

RUN = "--batch 4 --seq 32 --microbatches 2 --lr 3e-3 --warmup 3 --clip 1 --data random"


@pytest.fixture
def shard(own_kernel, verbs):
    verbs("up", "place", "train", "save", "load", "down")
    assert own_kernel.run("%shard up -n 2 --devices cpu").error is None
    yield own_kernel
    own_kernel.run("%shard down --now")


def header(file):
    """The header of a safetensors file, read as the format's page tells, and the bytes that follow it."""
    raw = Path(file).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def losses(environment, name):
    (folder,) = (Path(environment["SHARDLAB_HOME"]) / "runs").glob(f"*-{name}")
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return {step["step"]: step["loss"] for step in map(json.loads, lines)}


def pids(kernel):
    code = 'import tech.tablesaw.api.*;\nTable s = %shard status\nfor (int i = 0; i < 2; i++) System.out.println(s.column("pid").getString(i));'
    return [int(line.replace(",", "")) for line in kernel.run(code).stream.split()]


def test_a_checkpoint_is_a_hugging_face_folder(shard, tmp_path):
    shown = shard.run(f"%shard train tiny --tp 2 --steps 4 {RUN} --save {tmp_path}/saved --every 3")
    assert shown.error is None
    tensors, data = header(tmp_path / "saved" / "model.safetensors")
    assert tensors.pop("__metadata__") == {"format": "pt"}
    end = 0
    for name, tensor in tensors.items():
        begin, stop = tensor["data_offsets"]
        assert (tensor["dtype"], begin, stop - begin) == ("F32", end, 4 * math.prod(tensor["shape"])), name
        end = stop
    assert end == len(data)
    config = json.loads((tmp_path / "saved" / "config.json").read_text())
    assert config["architectures"] == ["LlamaForCausalLM"]
    d, v = config["hidden_size"], config["vocab_size"]
    assert tensors["model.embed_tokens.weight"]["shape"] == [v, d]
    assert tensors["model.layers.0.mlp.down_proj.weight"]["shape"] == [d, config["intermediate_size"]]
    assert config["tie_word_embeddings"] and "lm_head.weight" not in tensors
    for moment in ("first", "second"):
        found, _ = header(tmp_path / "saved" / "optimizer" / moment / "moment.safetensors")
        found.pop("__metadata__")
        assert {k: t["shape"] for k, t in found.items()} == {k: t["shape"] for k, t in tensors.items()}
    marker = json.loads((tmp_path / "saved" / "checkpoint.json").read_text())
    assert (marker["version"], marker["state"]["step"]) == (1, 4)

    assert shard.run(f"%shard save {tmp_path}/again").error is None
    saved = shard.run(f"%shard place {tmp_path}/saved --pp 2\n%shard load {tmp_path}/saved\n%shard save {tmp_path}/third")
    assert saved.error is None and "size MB" in saved.text()
    for name in ("model.safetensors", "optimizer/first/moment.safetensors", "optimizer/second/moment.safetensors"):
        first = (tmp_path / "saved" / name).read_bytes()
        assert first == (tmp_path / "again" / name).read_bytes() == (tmp_path / "third" / name).read_bytes()


def test_a_run_that_died_goes_on_in_its_layout_bit_for_bit_and_in_another_to_rounding(shard, environment, tmp_path):
    saved = tmp_path / "saved"
    assert shard.run("%shard place tiny --tp 2 --dtype float64").error is None
    workers = pids(shard)
    request = shard.client.execute(f"%shard train --steps 100000 {RUN} -o dying --save {saved} --every 4")
    deadline = time.monotonic() + 60
    while not (saved / "checkpoint.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    psutil.Process(workers[1]).kill()
    assert "killed by SIGKILL" in shard.collect(request).error
    state = json.loads((saved / "checkpoint.json").read_text())["state"]
    done = state["step"]
    assert done % 4 == 0 and state["run"]["settings"]["steps"] == 100000

    assert shard.run("%shard up -n 2 --devices cpu").error is None
    shown = shard.run(f"%shard train --resume {saved} --steps {done + 4} -o same")
    assert shown.error is None, shown.error
    shown = shard.run(f"%shard train --resume {saved} --steps {done + 4} --pp 2 -o other")
    assert shown.error is None, shown.error
    # The run that never stopped, as long as both go.
    assert shard.run("%shard place tiny --tp 2 --dtype float64").error is None
    assert shard.run(f"%shard train --steps {done + 4} {RUN} -o whole").error is None
    whole = losses(environment, "whole")
    same, other = losses(environment, "same"), losses(environment, "other")
    assert list(same) == list(other) == list(range(done, done + 4))
    for step, loss in same.items():
        assert loss == whole[step]
        assert math.isclose(other[step], loss, rel_tol=1e-12)
