"""A DJL block written in a cell is a model like any other."""

import struct

import pytest

pytestmark = pytest.mark.workers

MLP = """%%shard model mlp --input 1,4,4
return new SequentialBlock()
        .add(Blocks.batchFlattenBlock())
        .add(Linear.builder().setUnits(32).build())
        .add(Activation.reluBlock())
        .add(Linear.builder().setUnits(3).build());
"""


@pytest.fixture
def images(tmp_path):
    """120 images of 4 × 4 pixels in three classes: which third of the pixels is bright."""
    pixels, labels = bytearray(), bytearray()
    for i in range(120):
        label = i * 7 % 3
        labels.append(label)
        pixels += bytes(200 + i % 50 if p % 3 == label else i % 40 for p in range(16))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, 120, 4, 4) + pixels)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 0x801, 120) + labels)
    return tmp_path


@pytest.fixture
def shard(own_kernel, verbs):
    verbs("up", "model", "train", "check", "down")
    return own_kernel


def test_a_compile_error_names_the_line_of_the_cell(shard):
    shown = shard.run("%%shard model wrong\nint units = 3;\nreturn new Sequentail();")
    assert "line 3: cannot find symbol" in shown.error
    assert "Sequentail" in shown.error


def test_a_cell_that_fails_leaves_no_model(shard):
    assert shard.run("%shard up -n 1 --devices cpu").error is None
    wrong = {
        "nul": "return null;",
        "bare": "return new SequentialBlock().add(Activation.reluBlock());",
        "throws": 'if (true) throw new IllegalStateException("no"); return new SequentialBlock();',
    }
    for name, body in wrong.items():
        assert shard.run(f"%%shard model {name}\n{body}").error, name
    assert shard.run(MLP).error is None
    listed = shard.run("%shard models").text()
    assert "block of this notebook" in listed and "mlp" in listed
    assert not any(f"{name} " in listed for name in wrong)
    assert "(mlp)" in shard.run("%shard plan throwz").error


def test_a_model_needs_a_worker_to_be_planned(shard):
    assert "compiled" in shard.run(MLP).text()
    assert "`%shard up` starts workers" in shard.run("%shard plan mlp").error


def test_a_block_trains_alike_under_every_layout(shard, images):
    assert shard.run("%shard up -n 2 --devices cpu").error is None
    shown = shard.run(MLP)
    assert shown.error is None
    assert "Linear 16→32, ReLU" in shown.text()

    losses = {}
    for scheme, microbatches in (("", 2), ("--pp 2", 2), ("--tp 2", 2), ("--dp 2", 1), ("--dp 2 --zero 1", 1)):
        shown = shard.run(
            f"io.shardlab.magics.session.Run run = %shard train mlp {scheme} --dtype float64 --seed 3 --steps 30 --lr 0.01 --batch 24 "
            f"--microbatches {microbatches} --data {images}\n"
            "System.out.println(run.loss()[0]);\nSystem.out.println(run.loss()[29]);"
        )
        assert shown.error is None, (scheme, shown.error)
        assert "samples/s" in shown.text() and "tokens" not in shown.text()
        losses[scheme] = [float(line) for line in shown.stream.split()[-2:]]
    assert losses[""][1] < 0.2 * losses[""][0]  # it learns
    assert losses["--pp 2"] == losses[""]
    for scheme in ("--tp 2", "--dp 2", "--dp 2 --zero 1"):
        assert losses[scheme] == pytest.approx(losses[""], rel=1e-10), scheme

    shown = shard.run(f"%shard check mlp --tp 2 --data {images}")
    assert shown.error is None
    assert "rounding" in shown.text()
    assert "bug" in shard.run(f"%shard check --break all-reduce --data {images}").text()
    assert "bug" in shard.run(f"%shard check mlp --dp 2 --break data-sum --data {images}").text()
    for flag in ("--sp --tp 2", "--dropout 0.1"):
        assert "is for language models" in shard.run(f"%shard plan mlp {flag}").error
    assert "language models" in shard.run('%shard infer --prompt "x"').error

    assert shard.run(MLP.replace("1,4,4", "1,4,4 --loss l2")).error is None
    shown = shard.run(f"%shard train mlp --dp 2 --microbatches 1 --steps 2 --batch 24 --data {images}")
    assert "half the mean squared difference" in shown.text() and "entropy" not in shown.text()


def test_a_checkpoint_goes_on_under_another_layout(shard, images, tmp_path):
    assert shard.run("%shard up -n 2 --devices cpu").error is None
    assert shard.run(MLP).error is None
    saved = tmp_path / "saved"
    settings = f"--lr 0.01 --batch 24 --data {images}"
    report = "\nSystem.out.println(run.loss()[run.loss().length - 1]);"

    def last_loss(line):
        shown = shard.run(f"io.shardlab.magics.session.Run run = %shard {line}{report}")
        assert shown.error is None, shown.error
        return float(shown.stream.split()[-1])

    place = "%shard place mlp --tp 2 --dtype float64 --seed 3"
    assert shard.run(place).error is None
    last_loss(f"train --steps 4 {settings} --save {saved}")
    resumed = last_loss(f"train --resume {saved} --dp 2 --steps 8")
    assert shard.run(place).error is None
    assert last_loss(f"train --steps 8 {settings}") == pytest.approx(resumed, rel=1e-10)


def test_what_cannot_be_sharded_says_why(shard):
    assert shard.run("%shard up -n 2 --devices cpu").error is None
    error = shard.run(
        "%%shard model norm --input 8\nreturn new SequentialBlock().add(BatchNorm.builder().build())"
        ".add(Linear.builder().setUnits(3).build());"
    ).error
    assert "BatchNorm" in error and "LayerNorm" in error
    assert shard.run("%%shard model one --input 8\nreturn Linear.builder().setUnits(3).build();").error is None
    assert "use dp" in shard.run("%shard plan one --pp 2").error or "or dp" in shard.run("%shard plan one --pp 2").error
    assert "no two Linear blocks in a row" in shard.run("%shard plan one --tp 2").error


def test_a_block_is_compared_under_several_schemes_and_refused_where_it_says_no_tokens(shard, images):
    assert shard.run("%shard up -n 2 --devices cpu").error is None
    assert shard.run(MLP).error is None
    shown = shard.run(
        f'import tech.tablesaw.api.*;\nTable t = %shard compare mlp --schemes "single; naive=2; tp=2; pp=2,m=4; dp=2"'
        f" --batch 8 --steps 2 --repeat 1 --data {images}"
    )
    assert shown.error is None, shown
    assert "is fastest" in shown.text() and "samples/s" in shown.text() and "tokens" not in shown.text()
    assert "DO NOT COMPUTE THE SAME" not in shown.text()
    verdicts = shard.run('System.out.println(String.join("|", t.stringColumn("losses").asList()));').stream.strip()
    assert verdicts.split("|")[0] == "reference"
    assert set(verdicts.split("|")[1:]) <= {"same bits", "rounding"}
    assert "compare --infer is for language models; mlp is a block" in shard.run("%shard compare mlp --infer").error
