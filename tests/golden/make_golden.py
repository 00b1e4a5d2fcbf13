"""Writes the golden cases next to this script: config, float64 weights, data and expected training numbers.

Usage: python make_golden.py [CASE ...]     rewrite all cases, or those named
       python make_golden.py --check        recompute and compare with the files, write nothing
"""

import argparse
import json
import math
import pathlib
import sys

import numpy
import safetensors.numpy
import torch

import llama_reference as reference

HERE = pathlib.Path(__file__).resolve().parent
DATA_BYTES = 20011
MAX_NEW = 32
SNAPSHOT_STEPS = 3
EMBEDDING_SCALE = 0.1

LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


def case(description, seed, hidden, heads, kv_heads, ffn, vocab=256, tied=True, head_dim=None,
         theta=10000.0, eps=1e-5, scale=0.2, batch=8, seq=32, lr=3e-3, weight_decay=0.1,
         betas=(0.9, 0.95), clip=None, prompt="The shard "):
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": vocab,
        "hidden_size": hidden,
        "intermediate_size": ffn,
        "num_hidden_layers": 4,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head_dim or hidden // heads,
        "max_position_embeddings": 256,
        "rope_theta": theta,
        "rope_scaling": None,
        "rms_norm_eps": eps,
        "tie_word_embeddings": tied,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": None,
        "eos_token_id": None,
        "torch_dtype": "float64",
        "use_cache": True,
    }
    settings = {
        "order": "sequential",
        "steps": 20,
        "batch": batch,
        "seq": seq,
        "lr": lr,
        "warmup": 0,
        "decay": "constant",
        "weightDecay": weight_decay,
        "betas": list(betas),
        "epsilon": 1e-8,
        "clip": clip,
    }
    return {"description": description, "seed": seed, "scale": scale, "config": config,
            "settings": settings, "prompt": prompt}


# Seeds were chosen among 1 to 40 for the widest greedy margins, so that float32 decodes the same tokens.
CASES = {
    "plain": case("tied embeddings, every query head with its own key/value head",
                  seed=14, hidden=64, heads=4, kv_heads=4, ffn=160),
    "gqa": case("8 query heads share 2 key/value heads, so that tp=2 divides",
                seed=3, hidden=64, heads=8, kv_heads=2, ffn=96, theta=500000.0),
    "untied": case("a separate output head; other betas",
                   seed=34, hidden=32, heads=4, kv_heads=2, ffn=80, tied=False, eps=1e-6, scale=0.25,
                   betas=(0.8, 0.99), weight_decay=0.2),
    "clip": case("a clip value below most gradient norms",
                 seed=5, hidden=32, heads=4, kv_heads=4, ffn=80, scale=0.25, lr=1e-2, clip=0.5),
    "odd": case("9 query heads on 3 key/value heads, vocabulary 251, batch 6: nothing divides by two",
                seed=10, hidden=72, heads=9, kv_heads=3, ffn=96, vocab=251, batch=6, seq=30),
    "wide": case("head_dim is not hidden_size / num_attention_heads; the data wraps around",
                 seed=15, hidden=40, heads=4, kv_heads=2, ffn=80, head_dim=16, scale=0.25, seq=160),
}


def make_data(seed=2024):
    """Lines of made-up ASCII words, frequent ones far more often than rare ones, cut at DATA_BYTES."""
    random = numpy.random.RandomState(seed)
    letter_p = 1.0 / numpy.arange(2, len(LETTERS) + 2)
    words = ["".join(random.choice(list(LETTERS), size=random.randint(1, 9), p=letter_p / letter_p.sum()))
             for _ in range(300)]
    word_p = 1.0 / numpy.arange(1, len(words) + 1)
    text = ""
    while len(text) < DATA_BYTES:
        chosen = random.choice(words, size=random.randint(4, 13), p=word_p / word_p.sum())
        text += " ".join(chosen).capitalize() + ".?!;"[random.randint(4)] + " \n"[random.randint(2)]
    return text[:DATA_BYTES].encode("ascii")


def make_weights(config, seed, scale):
    """Normal matrices and norm weights around one; float32 values in float64, so both dtypes start alike.

    Layers outweigh embeddings: otherwise a tied model repeats its last token and greedy decoding tests nothing.
    """
    random = numpy.random.RandomState(seed)
    weights = {}
    for name, shape in reference.parameter_shapes(config).items():
        draw = random.standard_normal(shape)
        if len(shape) == 1:
            value = 1.0 + 0.2 * draw
        else:
            value = (scale if ".layers." in name else EMBEDDING_SCALE) * draw
        weights[name] = value.astype(numpy.float32).astype(numpy.float64)
    return weights


def digest(tensors):
    """Three numbers per tensor: L2 norm, sum, and a sum weighted by position that notices swapped elements."""
    found = {}
    for name, tensor in tensors.items():
        flat = tensor.detach().reshape(-1)
        weight = (torch.arange(flat.numel()) * 31 % 17 - 8).to(flat.dtype)
        found[name] = {"l2": math.sqrt(math.fsum((flat * flat).tolist())),
                       "sum": math.fsum(flat.tolist()),
                       "probe": math.fsum((flat * weight).tolist())}
    return found


def run(name, spec, weights, data):
    """Trains the case and returns the content of its expected.json."""
    config, settings = spec["config"], spec["settings"]
    tokens = torch.tensor([byte % config["vocab_size"] for byte in data])
    params = {key: torch.tensor(value, dtype=reference.DTYPE, requires_grad=True) for key, value in weights.items()}

    prompt = [byte % config["vocab_size"] for byte in spec["prompt"].encode("ascii")]
    generated, best, leads = reference.greedy(params, config, prompt, MAX_NEW)

    optimizer = reference.AdamW(params, settings["lr"], settings["weightDecay"], settings["betas"], settings["epsilon"])
    losses, norms, factors, first_gradients, snapshot = [], [], [], None, None
    for step in range(settings["steps"]):
        inputs, targets = reference.sequential_batch(tokens, step, settings["batch"], settings["seq"])
        loss, gradients = reference.loss_and_gradients(params, config, inputs, targets)
        norm = reference.global_norm(gradients)
        factor = reference.clip_factor(norm, settings["clip"])
        if step == 0:
            first_gradients = digest(gradients)
        optimizer.step({key: g * factor for key, g in gradients.items()})
        losses.append(loss)
        norms.append(norm)
        factors.append(factor)
        if step + 1 == SNAPSHOT_STEPS:
            snapshot = digest(params)

    return {
        "case": name,
        "description": spec["description"],
        "dtype": "float64",
        "data": "../data.txt",
        "numTokens": len(tokens),
        "tokenRule": "byte % vocab_size",
        "settings": settings,
        "losses": losses,
        "gradNorms": norms,
        "clipFactors": factors,
        "gradientsAtStep0": first_gradients,
        f"parametersAfter{SNAPSHOT_STEPS}Steps": snapshot,
        "generation": {"prompt": spec["prompt"], "promptTokens": prompt, "tokens": generated,
                       "topLogits": best, "margins": leads},
    }


def largest_difference(expected, found, path=""):
    """The largest relative difference between two JSON values and where it is; inf where they differ in kind."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        pairs = [(expected[k], found[k], f"{path}/{k}") for k in expected]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [(a, b, f"{path}/{i}") for i, (a, b) in enumerate(zip(expected, found))]
    elif isinstance(expected, float) and isinstance(found, float):
        return abs(expected - found) / max(1.0, abs(expected)), path
    else:
        return (0.0 if expected == found else math.inf), path
    return max((largest_difference(*pair) for pair in pairs), default=(0.0, path))


def write(name, spec, weights, expected):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(spec["config"], indent=2) + "\n")
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    safetensors.numpy.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def check(name, spec, weights, expected):
    folder = HERE / name
    stored = safetensors.numpy.load_file(folder / "model.safetensors")
    same_weights = stored.keys() == weights.keys() and all((stored[k] == weights[k]).all() for k in weights)
    same_config = json.loads((folder / "config.json").read_text()) == spec["config"]
    difference, where = largest_difference(json.loads((folder / "expected.json").read_text()), expected)
    print(f"{name}: weights {'same' if same_weights else 'DIFFER'}, config {'same' if same_config else 'DIFFERS'}, "
          f"largest difference {difference:.1e} {where}")
    return same_weights and same_config and difference < 1e-10


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; default all")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cases if name not in CASES]
    if unknown:
        parser.error(f"unknown case {unknown[0]}; allowed: {', '.join(CASES)}")

    data, ok = make_data(), True
    if arguments.check:
        ok = (HERE / "data.txt").read_bytes() == data
        print(f"data.txt: {'same' if ok else 'DIFFERS'}")
    else:
        (HERE / "data.txt").write_bytes(data)
    for name in arguments.cases or CASES:
        spec = CASES[name]
        weights = make_weights(spec["config"], spec["seed"], spec["scale"])
        expected = run(name, spec, weights, data)
        if arguments.check:
            ok = check(name, spec, weights, expected) and ok
        else:
            write(name, spec, weights, expected)
            losses, factors = expected["losses"], expected["clipFactors"]
            print(f"{name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}, "
                  f"grad norm {min(expected['gradNorms']):.3f} to {max(expected['gradNorms']):.3f}, "
                  f"{sum(f < 1 for f in factors)} of {len(factors)} steps clipped, "
                  f"smallest greedy margin {min(expected['generation']['margins']):.4f}, "
                  f"{len(set(expected['generation']['tokens']))} distinct greedy tokens")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
