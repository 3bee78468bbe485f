"""GPT-2 for training, after Radford et al. 2019; names and layout of the tensors as transformers' modeling_gpt2.py.

The parameters' names are those of a GPT-2 checkpoint, so that exporting one renames and transposes nothing.
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


@dataclass(frozen=True)
class Shape:
    """What of config.json is ours to choose."""

    n_layer: int
    n_embd: int
    n_head: int
    n_positions: int


class Conv1D(nn.Module):
    """A linear layer with its weight stored (in, out), as OpenAI stored it."""

    def __init__(self, n_in, n_out, std):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_in, n_out).normal_(std=std))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return F.linear(x, self.weight.t(), self.bias)  # (..., n_out)


class Attention(nn.Module):
    def __init__(self, shape, std):
        super().__init__()
        self.n_head = shape.n_head
        self.c_attn = Conv1D(shape.n_embd, 3 * shape.n_embd, 0.02)
        self.c_proj = Conv1D(shape.n_embd, shape.n_embd, std)

    def forward(self, x, mask):
        b, t, d = x.shape
        heads = self.c_attn(x).view(b, t, 3, self.n_head, d // self.n_head)  # (b, t, 3, h, d / h)
        q, k, v = heads.permute(2, 0, 3, 1, 4)  # each (b, h, t, d / h)
        weights = q @ k.transpose(2, 3) / math.sqrt(d // self.n_head) + mask  # (b, h, t, t)
        attended = weights.softmax(-1).to(v.dtype) @ v  # (b, h, t, d / h)
        return self.c_proj(attended.transpose(1, 2).reshape(b, t, d))  # (b, t, d)


class MLP(nn.Module):
    def __init__(self, shape, std):
        super().__init__()
        self.c_fc = Conv1D(shape.n_embd, 4 * shape.n_embd, 0.02)
        self.c_proj = Conv1D(4 * shape.n_embd, shape.n_embd, std)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))  # (b, t, d)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        # Two of these are added to the stream in every layer; scaled so, its size does not depend on the depth.
        std = 0.02 / math.sqrt(2 * shape.n_layer)
        self.ln_1 = nn.LayerNorm(shape.n_embd)
        self.attn = Attention(shape, std)
        self.ln_2 = nn.LayerNorm(shape.n_embd)
        self.mlp = MLP(shape, std)

    def forward(self, x, mask):
        x = x + self.attn(self.ln_1(x), mask)
        return x + self.mlp(self.ln_2(x))  # (b, t, d)


class GPT2(nn.Module):
    """Token ids to hidden states; the head is `wte.weight`, and softmax.py multiplies by as much of it as it needs."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.wte = nn.Embedding(VOCAB_SIZE, shape.n_embd)
        self.wpe = nn.Embedding(shape.n_positions, shape.n_embd)
        self.h = nn.ModuleList(Block(shape) for _ in range(shape.n_layer))
        self.ln_f = nn.LayerNorm(shape.n_embd)
        self.wte.weight.data.normal_(std=0.02)
        self.wpe.weight.data.normal_(std=0.01)

    def forward(self, input_ids):
        """(b, t) token ids, t <= n_positions, to (b, t, n_embd), after `ln_f`."""
        t = input_ids.shape[1]
        x = self.wte(input_ids) + self.wpe.weight[:t]  # (b, t, d)
        mask = torch.full((t, t), -math.inf, device=x.device).triu(1)  # (t, t)
        for block in self.h:
            x = block(x, mask)
        return self.ln_f(x)

    def logits(self, input_ids):
        """(b, t) token ids to (b, t, VOCAB_SIZE) logits of the tokens that come next."""
        return F.linear(self(input_ids), self.wte.weight)


def init_from(student, teacher):
    """Copies the teacher's embeddings and evenly spaced layers, the first and the last among them (Sanh et al. 2019).

    Of 12 layers, 6 become 0, 2, 4, 7, 9 and 11, as DistilGPT2's did.
    """
    if student.shape.n_embd != teacher.shape.n_embd or student.shape.n_positions > teacher.shape.n_positions:
        raise ValueError(
            f"layers of {teacher.shape} do not fit {student.shape}: n_embd must be equal, n_positions no larger"
        )
    n, n_teacher = len(student.h), len(teacher.h)
    for i, block in enumerate(student.h):
        block.load_state_dict(teacher.h[round(i * (n_teacher - 1) / max(n - 1, 1))].state_dict())
    student.ln_f.load_state_dict(teacher.ln_f.state_dict())
    student.wte.load_state_dict(teacher.wte.state_dict())
    student.wpe.weight.data.copy_(teacher.wpe.weight[: student.shape.n_positions])
