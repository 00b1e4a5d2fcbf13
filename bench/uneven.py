"""A tensor split of 9 query and 3 KV heads on two ranks against one of 6 and 2 heads with the same matrices."""

import contextlib
import json

from build import WORK, say
from ratios import Goal, line
from runner import VOCABULARY, Runner, alone

HIDDEN, FFN, LAYERS = 576, 1536, 8
MODELS = {"9 and 3 heads": (9, 3), "6 and 2 heads": (6, 2)}
COLUMNS = ["9 and 3 heads", "6 and 2 heads"]
TITLE = "Uneven tensor split, hidden 576, 8 layers, 8 × 128 tokens, tp=2"
NOTE = ("Both models have the same matrices, hence the same work in products: 576 columns of queries and 192 of keys and "
        "values, cut into 9 and 3 heads of 64, which two ranks cannot share evenly, or into 6 and 2 heads of 96, which they "
        "can. `--uneven` gives one rank more heads and the other more columns of the feed-forward.")


def folder(name, heads, groups):
    path = WORK / name.replace(" ", "-")
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": FFN,
        "num_hidden_layers": LAYERS, "num_attention_heads": heads, "num_key_value_heads": groups,
        "head_dim": HIDDEN // heads, "vocab_size": VOCABULARY, "max_position_embeddings": 1024, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "tie_word_embeddings": True, "hidden_act": "silu"}))
    return path


def measure(java, torch, quick, repetitions=None):
    repetitions, steps = (1, 2) if quick else (repetitions or 9, 4)
    with contextlib.ExitStack() as stack:
        runners = {}
        for name, heads in MODELS.items():
            for scheme, more in (("single", ()), ("tp=2", ("uneven",))):
                key = f"{scheme}, {name}"
                runners[key] = Runner(java, key, scheme, *more, model=folder(name, *heads))
                stack.callback(runners[key].close)
        for runner in runners.values():
            runner.train(1, 8)
        found = []
        for index in range(repetitions):
            say(f"uneven: repetition {index + 1} of {repetitions}")
            names = list(reversed(runners)) if index % 2 else list(runners)
            found.append({name: alone(runners[name], 1, steps) for name in names})
    uneven, even = ([millis[f"tp=2, {name}"] for millis in found] for name in MODELS)
    ones, others = ([millis[f"single, {name}"] for millis in found] for name in MODELS)
    return [line("tp=2: step of 9 and 3 heads, and of 6 and 2", uneven, even, "ms",
                 [b / a for a, b in zip(uneven, even)], "even / uneven", Goal(0.85)),
            line("single: step of 9 and 3 heads, and of 6 and 2", ones, others, "ms",
                 [b / a for a, b in zip(ones, others)], "6 and 2 / 9 and 3")]
