"""Opens a checkpoint of `%shard save` with safetensors and transformers, and computes a loss that shardlab has computed.

Usage: python open_checkpoint.py FOLDER TEXT METRICS --batch B --seq T      (packages in requirements.txt)

FOLDER was saved by a run on the bytes of TEXT in sequential order; METRICS is the metrics.jsonl of a run that resumed it
(`%shard train --resume FOLDER --steps MORE`). The loss of the first step after it is that of the checkpoint's weights, so transformers must find
the same one.
"""

import argparse
import json
import pathlib
import sys

import safetensors
import torch
import transformers

TOLERANCE = 1e-5  # float32, other kernels and another order of sums


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("metrics", type=pathlib.Path)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--seq", type=int, required=True)
    chosen = parser.parse_args()

    with safetensors.safe_open(chosen.folder / "model.safetensors", framework="pt") as file:
        shapes = {name: list(file.get_tensor(name).shape) for name in file.keys()}
    model, report = transformers.LlamaForCausalLM.from_pretrained(chosen.folder, output_loading_info=True)
    strange = {key: found for key, found in report.items() if found}
    step = json.loads((chosen.folder / "checkpoint.json").read_text())["state"]["step"]

    data = torch.tensor(list(chosen.text.read_bytes()))
    starts = [(step * chosen.batch + j) * chosen.seq % (len(data) - chosen.seq - 1) for j in range(chosen.batch)]
    inputs = torch.stack([data[s:s + chosen.seq] for s in starts])
    targets = torch.stack([data[s + 1:s + 1 + chosen.seq] for s in starts])
    with torch.no_grad():
        logits = model(inputs).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).item()
    known = {row["step"]: row["loss"] for row in map(json.loads, chosen.metrics.read_text().splitlines())}[step]
    difference = abs(loss - known) / known
    print(f"safetensors {safetensors.__version__} read {len(shapes)} tensors; transformers {transformers.__version__}: "
          f"loss of step {step} {loss:.7f}, shardlab {known:.7f}, relative difference {difference:.1e}")
    if strange or difference > TOLERANCE:
        sys.exit(f"not the same model: {strange or difference}")


if __name__ == "__main__":
    main()
