"""Compares the golden cases with formulations that share no code with llama_reference.

Usage: python cross_check.py      (packages in requirements.txt)

Three comparisons per case, each printed with its largest relative difference:
  fused         PyTorch's fused attention, F.rms_norm, complex-number rotary, torch.optim.AdamW and gradients
                accumulated over micro-batches of one, all steps, in float64: losses, gradient norms and the
                digests of gradients and parameters; shows how far rounding alone leads
  float32       the same formulation in float32, first loss and first gradient norm
  transformers  LlamaForCausalLM loaded from the case's own folder, first loss, every first gradient and the
                greedy tokens; its norms and rotary tables stay in float32, hence the wider tolerance
"""

import json
import math
import pathlib
import sys

import safetensors.torch
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent


def fused_loss(params, config, inputs, targets):
    b, t = inputs.shape
    h, k, e = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]
    eps = config["rms_norm_eps"]
    x = F.embedding(inputs, params["model.embed_tokens.weight"])
    dtype = x.dtype

    frequency = 1.0 / config["rope_theta"] ** (torch.arange(0, e, 2, dtype=torch.float64) / e)
    turn = torch.polar(torch.ones(t, e // 2, dtype=torch.float64),
                       torch.outer(torch.arange(t, dtype=torch.float64), frequency))
    turn = turn.to(torch.complex128 if dtype == torch.float64 else torch.complex64)

    def rotate(y):
        z = torch.complex(y[..., : e // 2].contiguous(), y[..., e // 2 :].contiguous()) * turn
        return torch.cat([z.real, z.imag], dim=-1)

    for n in range(config["num_hidden_layers"]):
        layer = {key.removeprefix(f"model.layers.{n}."): p for key, p in params.items() if f".layers.{n}." in key}
        y = F.rms_norm(x, (x.shape[-1],), layer["input_layernorm.weight"], eps)
        q = rotate(F.linear(y, layer["self_attn.q_proj.weight"]).view(b, t, h, e).transpose(1, 2))
        key = rotate(F.linear(y, layer["self_attn.k_proj.weight"]).view(b, t, k, e).transpose(1, 2))
        value = F.linear(y, layer["self_attn.v_proj.weight"]).view(b, t, k, e).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, key, value, is_causal=True, enable_gqa=True)
        x = x + F.linear(y.transpose(1, 2).reshape(b, t, h * e), layer["self_attn.o_proj.weight"])
        y = F.rms_norm(x, (x.shape[-1],), layer["post_attention_layernorm.weight"], eps)
        gated = F.silu(F.linear(y, layer["mlp.gate_proj.weight"])) * F.linear(y, layer["mlp.up_proj.weight"])
        x = x + F.linear(gated, layer["mlp.down_proj.weight"])
    x = F.rms_norm(x, (x.shape[-1],), params["model.norm.weight"], eps)
    head = params.get("lm_head.weight", params["model.embed_tokens.weight"])
    return F.cross_entropy(F.linear(x, head).flatten(0, 1), targets.flatten())


def batch_at(data, vocab, step, settings):
    tokens = torch.frombuffer(bytearray(data), dtype=torch.uint8).long() % vocab
    b, t = settings["batch"], settings["seq"]
    start = torch.arange(step * b, (step + 1) * b) * t % (len(data) - t - 1)
    index = start[:, None] + torch.arange(t)[None, :]
    return tokens[index], tokens[index + 1]


def train_fused(case, data, dtype, steps):
    config, settings, weights = case
    params = {key: torch.nn.Parameter(w.to(dtype, copy=True)) for key, w in weights.items()}
    matrices = [p for p in params.values() if p.dim() > 1]
    vectors = [p for p in params.values() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": settings["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}],
        lr=settings["lr"], betas=tuple(settings["betas"]), eps=settings["epsilon"])
    losses, norms, digests = [], [], {}
    for step in range(steps):
        inputs, targets = batch_at(data, config["vocab_size"], step, settings)
        optimizer.zero_grad()
        total = 0.0
        for sequence in range(settings["batch"]):
            rows = slice(sequence, sequence + 1)
            loss = fused_loss(params, config, inputs[rows], targets[rows]) / settings["batch"]
            loss.backward()
            total += loss.item()
        if step == 0:
            digests["gradientsAtStep0"] = digest({key: p.grad for key, p in params.items()})
        clip = math.inf if settings["clip"] is None else settings["clip"]
        norms.append(torch.nn.utils.clip_grad_norm_(params.values(), clip).item())
        losses.append(total)
        optimizer.step()
        if step == 2:
            digests["parametersAfter3Steps"] = digest(params)
    return losses, norms, digests


def digest(tensors):
    found = {}
    for name, tensor in tensors.items():
        flat = tensor.detach().double().flatten()
        pattern = torch.tensor([31 * i % 17 - 8 for i in range(flat.numel())], dtype=torch.float64)
        found[name] = {"l2": flat.norm().item(), "sum": flat.sum().item(), "probe": flat.dot(pattern).item(),
                       "numElements": flat.numel()}
    return found


def digest_difference(expected, found):
    """Difference of l2 relative to l2; of sum and probe relative to the largest value they could have had."""
    assert expected.keys() == found.keys(), "parameter names differ"
    worst = 0.0
    for name, e in expected.items():
        f = found[name]
        bound = e["l2"] * math.sqrt(f["numElements"])
        worst = max(worst, abs(e["l2"] - f["l2"]) / e["l2"], abs(e["sum"] - f["sum"]) / bound,
                    abs(e["probe"] - f["probe"]) / (8 * bound))
    return worst


def largest_relative(expected, found):
    return max(abs(a - b) / abs(a) for a, b in zip(expected, found, strict=True))


def compare_transformers(folder, expected, case, data):
    from transformers import LlamaForCausalLM

    config, settings, _ = case
    model = LlamaForCausalLM.from_pretrained(folder, torch_dtype=torch.float64, attn_implementation="eager")
    inputs, targets = batch_at(data, config["vocab_size"], 0, settings)
    loss = F.cross_entropy(model(inputs).logits.flatten(0, 1), targets.flatten())
    loss.backward()
    found = {name: p.grad for name, p in model.named_parameters()}
    assert found.keys() == expected["gradientsAtStep0"].keys(), "parameter names differ"
    gradient = max(abs(found[name].norm().item() - d["l2"]) / d["l2"]
                   for name, d in expected["gradientsAtStep0"].items())
    generation = expected["generation"]
    prompt = torch.tensor([generation["promptTokens"]])
    tokens = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=len(generation["tokens"]),
                            do_sample=False, pad_token_id=0)[0, prompt.shape[1] :].tolist()
    return largest_relative(expected["losses"][:1], [loss.item()]), gradient, tokens == generation["tokens"]


def main():
    data, ok = (HERE / "data.txt").read_bytes(), True
    for folder in sorted(path.parent for path in HERE.glob("*/expected.json")):
        expected = json.loads((folder / "expected.json").read_text())
        weights = safetensors.torch.load_file(folder / "model.safetensors")
        case = json.loads((folder / "config.json").read_text()), expected["settings"], weights

        losses, norms, digests = train_fused(case, data, torch.float64, expected["settings"]["steps"])
        fused = [largest_relative(expected["losses"], losses), largest_relative(expected["gradNorms"], norms),
                 *(digest_difference(expected[key], digests[key]) for key in digests)]
        losses, norms, _ = train_fused(case, data, torch.float32, 1)
        single = largest_relative(expected["losses"][:1], losses), largest_relative(expected["gradNorms"][:1], norms)
        loss, gradient, same_tokens = compare_transformers(folder, expected, case, data)
        print(f"{folder.name}: fused loss {fused[0]:.1e} norm {fused[1]:.1e} gradients {fused[2]:.1e} "
              f"parameters {fused[3]:.1e}; "
              f"float32 loss {single[0]:.1e} norm {single[1]:.1e}; "
              f"transformers loss {loss:.1e} gradient {gradient:.1e} greedy {'same' if same_tokens else 'DIFFERS'}")
        ok = ok and max(fused) < 1e-11 and max(single) < 1e-5 and max(loss, gradient) < 1e-4 and same_tokens
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
