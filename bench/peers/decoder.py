"""The Llama-shaped decoder of the training peers: whole, split by tensor in Megatron's way, or cut into stages.

B batch, T tokens, D hidden, H heads, E head dimension, F feed-forward width, V vocabulary. PyTorch's fastest CPU
paths are used (fused attention, F.rms_norm). Every weight is first made whole from (seed, name) and then sliced, so
all layouts start from the same numbers. The head has its own weight: a pipeline then needs no exchange for it.
"""

import dataclasses
import zlib

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass(frozen=True)
class Shape:
    hidden: int
    layers: int
    heads: int
    ffn: int
    vocab: int
    seq: int


def whole_weight(name, *shape):
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return 0.02 * torch.randn(*shape, generator=generator)


class CopyToRanks(torch.autograd.Function):
    """Megatron's f: identity forward, all-reduce backward."""

    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient):
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        return gradient


class SumOverRanks(torch.autograd.Function):
    """Megatron's g: all-reduce forward, identity backward."""

    @staticmethod
    def forward(ctx, partial):
        dist.all_reduce(partial)  # in place: nothing else reads the output of the row parallel product
        ctx.mark_dirty(partial)
        return partial

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Layer(nn.Module):
    """One decoder layer, or the share of it that rank `part` of `parts` holds."""

    def __init__(self, name, shape, part=0, parts=1):
        super().__init__()
        d, f = shape.hidden, shape.ffn
        self.parts = parts
        self.heads, self.head_dim = shape.heads // parts, shape.hidden // shape.heads

        def columns(key, rows):  # column parallel: a share of the outputs
            return nn.Parameter(whole_weight(f"{name}.{key}", rows, d).chunk(parts, 0)[part].clone())

        def rows(key, inputs):  # row parallel: a share of the inputs
            return nn.Parameter(whole_weight(f"{name}.{key}", d, inputs).chunk(parts, 1)[part].clone())

        self.q, self.k, self.v, self.o = columns("q", d), columns("k", d), columns("v", d), rows("o", d)
        self.gate, self.up, self.down = columns("gate", f), columns("up", f), rows("down", f)
        self.attention_norm, self.mlp_norm = nn.Parameter(torch.ones(d)), nn.Parameter(torch.ones(d))

        angle = torch.outer(torch.arange(shape.seq).float(),
                            10000.0 ** (-torch.arange(0, self.head_dim, 2).float() / self.head_dim))
        angle_TE = torch.cat([angle, angle], dim=-1)
        self.register_buffer("cos_TE", angle_TE.cos(), persistent=False)
        self.register_buffer("sin_TE", angle_TE.sin(), persistent=False)

    def rotate(self, x_BHTE):
        first, second = x_BHTE.chunk(2, dim=-1)
        return x_BHTE * self.cos_TE + torch.cat([-second, first], dim=-1) * self.sin_TE

    def attention(self, x_BTD):
        b, t, _ = x_BTD.shape
        q, k, v = (F.linear(x_BTD, w).view(b, t, self.heads, self.head_dim).transpose(1, 2)
                   for w in (self.q, self.k, self.v))
        y_BHTE = F.scaled_dot_product_attention(self.rotate(q), self.rotate(k), v, is_causal=True)
        return F.linear(y_BHTE.transpose(1, 2).reshape(b, t, -1), self.o)

    def mlp(self, x_BTD):
        return F.linear(F.silu(F.linear(x_BTD, self.gate)) * F.linear(x_BTD, self.up), self.down)

    def forward(self, x_BTD):
        for norm, part in ((self.attention_norm, self.attention), (self.mlp_norm, self.mlp)):
            y = F.rms_norm(x_BTD, norm.shape, norm, 1e-5)
            if self.parts == 1:
                x_BTD = x_BTD + part(y)
            else:
                x_BTD = x_BTD + SumOverRanks.apply(part(CopyToRanks.apply(y)))
        return x_BTD


class Decoder(nn.Module):
    """Layers `first` to `last` (exclusive); with the embedding where it is the first, with norm and head where the last.

    Under tensor parallelism embedding and head are replicated: at this vocabulary that is cheaper than three more
    all-reduces.
    """

    def __init__(self, shape, first=0, last=None, part=0, parts=1):
        super().__init__()
        last = shape.layers if last is None else last
        if first == 0:
            self.embedding = nn.Parameter(whole_weight("embedding", shape.vocab, shape.hidden))
        self.layers = nn.ModuleList(Layer(f"layer{n}", shape, part, parts) for n in range(first, last))
        if last == shape.layers:
            self.norm = nn.Parameter(torch.ones(shape.hidden))
            self.head = nn.Parameter(whole_weight("head", shape.vocab, shape.hidden))

    def forward(self, x):
        if hasattr(self, "embedding"):
            x = F.embedding(x, self.embedding)
        for layer in self.layers:
            x = layer(x)
        if hasattr(self, "head"):
            x = F.linear(F.rms_norm(x, self.norm.shape, self.norm, 1e-5), self.head)
        return x


def mean_cross_entropy(logits_BTV, targets_BT):
    return F.cross_entropy(logits_BTV.flatten(0, 1), targets_BT.flatten())
