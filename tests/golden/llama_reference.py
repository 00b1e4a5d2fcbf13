"""A Llama decoder and its training step, written to be obviously right.

Every operation is float64 PyTorch on the CPU, norms and rotary tables included.
Nothing here is fast, fused or shared with the product: the product is measured against it.

Shapes: B batch, T tokens, D hidden, H query heads, K key/value heads, E head dimension,
F feed-forward width, V vocabulary. Parameters are a dict from Hugging Face name to tensor.
"""

import math

import torch

DTYPE = torch.float64


def head_dim(config):
    return config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]


def parameter_shapes(config):
    """Name and shape of every parameter, in the order in which they are initialised and reported."""
    d, f, v = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    q = config["num_attention_heads"] * head_dim(config)
    kv = config["num_key_value_heads"] * head_dim(config)
    shapes = {"model.embed_tokens.weight": (v, d)}
    for n in range(config["num_hidden_layers"]):
        layer = f"model.layers.{n}."
        shapes[layer + "input_layernorm.weight"] = (d,)
        shapes[layer + "self_attn.q_proj.weight"] = (q, d)
        shapes[layer + "self_attn.k_proj.weight"] = (kv, d)
        shapes[layer + "self_attn.v_proj.weight"] = (kv, d)
        shapes[layer + "self_attn.o_proj.weight"] = (d, q)
        shapes[layer + "post_attention_layernorm.weight"] = (d,)
        shapes[layer + "mlp.gate_proj.weight"] = (f, d)
        shapes[layer + "mlp.up_proj.weight"] = (f, d)
        shapes[layer + "mlp.down_proj.weight"] = (d, f)
    shapes["model.norm.weight"] = (d,)
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = (v, d)
    return shapes


def rms_norm(x_BTD, w_D, eps):
    mean_square = (x_BTD * x_BTD).mean(dim=-1, keepdim=True)
    return x_BTD * torch.rsqrt(mean_square + eps) * w_D


def rotary_tables(num_tokens, e, theta):
    """cos and sin of shape (T, E); element i and element i + E/2 turn by the same angle."""
    i = torch.arange(e // 2, dtype=DTYPE)
    frequency = theta ** (-2.0 * i / e)
    angle = torch.arange(num_tokens, dtype=DTYPE)[:, None] * frequency[None, :]
    angle_TE = torch.cat([angle, angle], dim=-1)
    return angle_TE.cos(), angle_TE.sin()


def rotate(x_BHTE, cos_TE, sin_TE):
    half = x_BHTE.shape[-1] // 2
    first, second = x_BHTE[..., :half], x_BHTE[..., half:]
    return x_BHTE * cos_TE + torch.cat([-second, first], dim=-1) * sin_TE


def attention(x_BTD, params, layer, config):
    b, t, _ = x_BTD.shape
    h, k, e = config["num_attention_heads"], config["num_key_value_heads"], head_dim(config)

    def heads(name, count):
        y = x_BTD @ params[layer + name].T
        return y.reshape(b, t, count, e).transpose(1, 2)

    cos, sin = rotary_tables(t, e, config["rope_theta"])
    q = rotate(heads("self_attn.q_proj.weight", h), cos, sin)
    key = rotate(heads("self_attn.k_proj.weight", k), cos, sin)
    value = heads("self_attn.v_proj.weight", k)
    visible_TT = torch.ones(t, t, dtype=torch.bool).tril()

    outputs = []
    for head in range(h):
        shared = head // (h // k)  # h/k neighbouring query heads share one key/value head
        scores = q[:, head] @ key[:, shared].transpose(1, 2) / math.sqrt(e)
        scores = scores.masked_fill(~visible_TT, float("-inf"))
        outputs.append(torch.softmax(scores, dim=-1) @ value[:, shared])
    joined = torch.cat(outputs, dim=-1)
    return joined @ params[layer + "self_attn.o_proj.weight"].T


def mlp(x_BTD, params, layer):
    gate = x_BTD @ params[layer + "mlp.gate_proj.weight"].T
    up = x_BTD @ params[layer + "mlp.up_proj.weight"].T
    return (gate * torch.sigmoid(gate) * up) @ params[layer + "mlp.down_proj.weight"].T


def logits(tokens_BT, params, config):
    eps = config["rms_norm_eps"]
    x = params["model.embed_tokens.weight"][tokens_BT]
    for n in range(config["num_hidden_layers"]):
        layer = f"model.layers.{n}."
        x = x + attention(rms_norm(x, params[layer + "input_layernorm.weight"], eps), params, layer, config)
        x = x + mlp(rms_norm(x, params[layer + "post_attention_layernorm.weight"], eps), params, layer)
    x = rms_norm(x, params["model.norm.weight"], eps)
    tied = config["tie_word_embeddings"]
    return x @ params["model.embed_tokens.weight" if tied else "lm_head.weight"].T


def mean_cross_entropy(logits_BTV, targets_BT):
    log_p = logits_BTV - torch.logsumexp(logits_BTV, dim=-1, keepdim=True)
    return -log_p.gather(-1, targets_BT[..., None]).mean()


def sequential_batch(tokens, step, batch, seq):
    """The rule of `--order sequential`: sequence j of step s starts at ((s B + j) T) mod (N - T - 1)."""
    n = len(tokens)
    starts = [((step * batch + j) * seq) % (n - seq - 1) for j in range(batch)]
    inputs = torch.stack([tokens[s : s + seq] for s in starts])
    targets = torch.stack([tokens[s + 1 : s + seq + 1] for s in starts])
    return inputs, targets


class AdamW:
    """Adam with decoupled weight decay on matrices only and epsilon added to the bias-corrected root."""

    def __init__(self, params, lr, weight_decay, betas, epsilon):
        self.params, self.lr, self.weight_decay = params, lr, weight_decay
        self.betas, self.epsilon, self.updates = betas, epsilon, 0
        self.m = {name: torch.zeros_like(p) for name, p in params.items()}
        self.v = {name: torch.zeros_like(p) for name, p in params.items()}

    @torch.no_grad()
    def step(self, gradients):
        b1, b2 = self.betas
        self.updates += 1
        for name, p in self.params.items():
            g = gradients[name]
            self.m[name] = b1 * self.m[name] + (1 - b1) * g
            self.v[name] = b2 * self.v[name] + (1 - b2) * g * g
            m_hat = self.m[name] / (1 - b1**self.updates)
            v_hat = self.v[name] / (1 - b2**self.updates)
            decay = self.weight_decay if p.dim() == 2 else 0.0
            p.copy_(p - self.lr * decay * p - self.lr * m_hat / (v_hat.sqrt() + self.epsilon))


def loss_and_gradients(params, config, inputs, targets):
    loss = mean_cross_entropy(logits(inputs, params, config), targets)
    gradients = torch.autograd.grad(loss, list(params.values()))
    return loss.item(), dict(zip(params, gradients))


def global_norm(gradients):
    """L2 norm over all parameters; a tied tensor is one entry of the dict, hence counted once."""
    return math.sqrt(math.fsum((g * g).sum().item() for g in gradients.values()))


def clip_factor(norm, clip):
    return 1.0 if clip is None else min(1.0, clip / (norm + 1e-6))


@torch.no_grad()
def greedy(params, config, prompt, max_new):
    """Greedy continuation, the whole prefix run again for each token.

    Returns the tokens, their logits and their leads over the runner-up.
    """
    tokens, best, leads = list(prompt), [], []
    for _ in range(max_new):
        last = logits(torch.tensor([tokens]), params, config)[0, -1]
        top = torch.topk(last, 2)
        tokens.append(top.indices[0].item())
        best.append(top.values[0].item())
        leads.append((top.values[0] - top.values[1]).item())
    return tokens[len(prompt) :], best, leads
