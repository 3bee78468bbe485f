"""GPT-2 for training, after Radford et al. 2019; tensor names and layout as in transformers' modeling_gpt2.py.

Parameters have the names of a GPT-2 checkpoint, so that the export renames and transposes nothing. Weights are float32;
products have the type of the residual stream, bfloat16 in training on a GPU.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

TOKENIZER = Path(__file__).resolve().parents[2] / "www/models/gpt2-tokenizer/tokenizer.json"
VOCAB_SIZE = 50257
END_OF_TEXT = 50256
NEWLINE = 198
EPSILON = 1e-5


@dataclass(frozen=True)
class Shape:
    """The fields of config.json that a run chooses."""

    n_layer: int
    n_embd: int
    n_head: int
    n_positions: int


class Conv1D(nn.Module):
    """The parameters of a linear layer whose weight is stored (in, out), as OpenAI stored it."""

    def __init__(self, n_in, n_out, std=0.02):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_in, n_out).normal_(std=std))
        self.bias = nn.Parameter(torch.zeros(n_out))


class Attention(nn.Module):
    def __init__(self, shape, std):
        super().__init__()
        self.c_attn = Conv1D(shape.n_embd, 3 * shape.n_embd)
        self.c_proj = Conv1D(shape.n_embd, shape.n_embd, std)


class MLP(nn.Module):
    def __init__(self, shape, std):
        super().__init__()
        self.c_fc = Conv1D(shape.n_embd, 4 * shape.n_embd)
        self.c_proj = Conv1D(4 * shape.n_embd, shape.n_embd, std)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        # Each layer adds two of these to the residual stream; this scale keeps its size independent of the depth.
        std = 0.02 / math.sqrt(2 * shape.n_layer)
        self.ln_1 = nn.LayerNorm(shape.n_embd)
        self.attn = Attention(shape, std)
        self.ln_2 = nn.LayerNorm(shape.n_embd)
        self.mlp = MLP(shape, std)


def block_forward(x, n_head, ln_1_w, ln_1_b, attn_w, attn_b, proj_w, proj_b, ln_2_w, ln_2_b, fc_w, fc_b, out_w, out_b):
    """Passes (b, t, d) through one block, given its parameters in order.

    A function of tensors only, so that torch.compile compiles it once for all blocks.
    """
    b, t, d = x.shape
    heads = linear(layer_norm(x, ln_1_w, ln_1_b), attn_w, attn_b).view(b, t, 3, n_head, d // n_head)
    q, k, v = heads.permute(2, 0, 3, 1, 4)  # each (b, h, t, d / h)
    attended = causal_attention(q, k, v).transpose(1, 2).reshape(b, t, d)  # (b, t, d)
    x = x + linear(attended, proj_w, proj_b)
    hidden = F.gelu(linear(layer_norm(x, ln_2_w, ln_2_b), fc_w, fc_b), approximate="tanh")  # (b, t, 4 d)
    return x + linear(hidden, out_w, out_b)


def linear(x, weight, bias):
    return F.linear(x, weight.to(x.dtype).t(), bias.to(x.dtype))  # (..., n_out)


def layer_norm(x, weight, bias):
    return F.layer_norm(x.float(), weight.shape, weight, bias, EPSILON).to(x.dtype)


def causal_attention(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    t = q.shape[2]  # PyTorch 1.13 has no public scaled_dot_product_attention
    mask = torch.full((t, t), -math.inf, device=q.device).triu(1)
    weights = (q @ k.transpose(2, 3)).float() / math.sqrt(q.shape[3]) + mask  # (b, h, t, t)
    return weights.softmax(-1).to(v.dtype) @ v  # (b, h, t, d / h)


class GPT2(nn.Module):
    """Maps token ids to hidden states. The head is `wte.weight`; softmax.py multiplies by it in slices."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.wte = nn.Embedding(VOCAB_SIZE, shape.n_embd)
        self.wpe = nn.Embedding(shape.n_positions, shape.n_embd)
        self.h = nn.ModuleList(Block(shape) for _ in range(shape.n_layer))
        self.ln_f = nn.LayerNorm(shape.n_embd)
        self.wte.weight.data.normal_(std=0.02)
        self.wpe.weight.data.normal_(std=0.01)

    def forward(self, input_ids, dtype=torch.float32, block_forward=block_forward):
        """Maps (b, t) token ids, t <= n_positions, to (b, t, n_embd) in `dtype`, after `ln_f`."""
        x = (self.wte(input_ids) + self.wpe.weight[: input_ids.shape[1]]).to(dtype)  # (b, t, d)
        for block in self.h:
            x = block_forward(x, self.shape.n_head, *block.parameters())
        return layer_norm(x, self.ln_f.weight, self.ln_f.bias)

    def logits(self, input_ids):
        """Maps (b, t) token ids to (b, t, VOCAB_SIZE) logits of the next tokens."""
        return F.linear(self(input_ids), self.wte.weight)
