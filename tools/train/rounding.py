"""Rounds float weights to int8 so that errors cancel each other, after Frantar et al. 2022, "GPTQ".

The columns of a matrix are rounded one after another, and the columns still to come compensate for each error, as far
as their inputs correlate on real text. The inputs of a matrix come from the matrices that are already rounded.
"""

from copy import deepcopy

import torch
from torch.nn import functional as F

from gpt2 import causal_attention, layer_norm, linear

GROUP_LEN = 32  # inputs of an output that share a scale
# Added to the diagonal of the inputs' second moments, as a fraction of its mean: allows for other kinds of text.
DAMPING = 0.01


@torch.no_grad()
def compensated(model, windows):
    """The tensors of the page's file by name: (int8, scale) pairs as NAME and NAME.scale, and float32 vectors.

    `windows`: (n, t) token ids of training text, t <= n_positions.
    """
    model = deepcopy(model)
    tensors = {name: value.clone() for name, value in model.named_parameters() if value.dim() == 1}

    def put(name, weight, second_moments, is_conv1d=True):
        rounded, scales = rounded_matrix(weight.t() if is_conv1d else weight, second_moments)
        value = dequantised(rounded, scales)
        weight.copy_(value.t() if is_conv1d else value)
        tensors[name] = (rounded.t() if is_conv1d else rounded).contiguous()
        tensors[name + ".scale"] = (scales.t() if is_conv1d else scales).contiguous()

    # Rounded as a head, on the last hidden states: its errors show most in the logits.
    put("wte.weight", model.wte.weight, second_moments(batched(model, windows)), is_conv1d=False)
    put("wpe.weight", model.wpe.weight, torch.eye(model.shape.n_embd), is_conv1d=False)
    x = model.wte(windows) + model.wpe.weight[: windows.shape[1]]  # (n, t, n_embd)
    for i, block in enumerate(model.h):
        attn, mlp = block.attn, block.mlp
        hidden = layer_norm(x, block.ln_1.weight, block.ln_1.bias)  # (n, t, n_embd)
        put(f"h.{i}.attn.c_attn.weight", attn.c_attn.weight, second_moments(hidden))
        hidden = batched(lambda part: attended(part, attn.c_attn, model.shape.n_head), hidden)
        put(f"h.{i}.attn.c_proj.weight", attn.c_proj.weight, second_moments(hidden))
        x = x + linear(hidden, attn.c_proj.weight, attn.c_proj.bias)
        hidden = layer_norm(x, block.ln_2.weight, block.ln_2.bias)
        put(f"h.{i}.mlp.c_fc.weight", mlp.c_fc.weight, second_moments(hidden))
        hidden = F.gelu(linear(hidden, mlp.c_fc.weight, mlp.c_fc.bias), approximate="tanh")  # (n, t, 4 n_embd)
        put(f"h.{i}.mlp.c_proj.weight", mlp.c_proj.weight, second_moments(hidden))
        x = x + linear(hidden, mlp.c_proj.weight, mlp.c_proj.bias)
    return tensors


def rounded_matrix(weight, second_moments):
    """Rounds (rows, n) to int8 with (rows, n / GROUP_LEN) scales; `second_moments`: (n, n), of the inputs."""
    rest, n = weight.clone(), weight.shape[1]
    damped = second_moments.double() + DAMPING * second_moments.diagonal().mean() * torch.eye(n)
    # Row j: how the columns from j on compensate for an error in column j.
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(damped))
    shares = torch.linalg.cholesky(inverse).t().float()  # (n, n), upper triangle
    rounded, scales = torch.empty_like(weight, dtype=torch.int8), []
    for start in range(0, n, GROUP_LEN):
        group, end = rest[:, start : start + GROUP_LEN], start + GROUP_LEN
        scales.append(scale_of(group))
        errors = torch.empty_like(group)
        for j in range(start, end):
            column = rest[:, j]
            rounded[:, j] = (column / scales[-1].float()).round().clamp(-127, 127).to(torch.int8)
            errors[:, j - start] = (column - rounded[:, j] * scales[-1].float()) / shares[j, j]
            rest[:, j:end] -= torch.outer(errors[:, j - start], shares[j, j:end])
        rest[:, end:] -= errors @ shares[start:end, end:]
    return rounded, torch.stack(scales, 1)


def scale_of(group):
    """(rows,) scales, rounded to bfloat16 first, so that the integers are nearest for the stored scale."""
    return (group.abs().amax(1) / 127).clamp(min=torch.finfo(torch.float32).tiny).bfloat16()


def dequantised(rounded, scales, axis=1):
    """Float32 weights; `axis` is the one along which neighbours share a scale."""
    return rounded.float() * scales.float().repeat_interleave(GROUP_LEN, axis)


def second_moments(inputs):
    """Maps (..., n) inputs to their (n, n) second moments."""
    inputs = inputs.flatten(0, -2)
    return inputs.t() @ inputs / len(inputs)


def attended(hidden, c_attn, n_head):
    """Maps (b, t, n_embd) after ln_1 to (b, t, n_embd) after attention, before c_proj."""
    b, t, d = hidden.shape
    q, k, v = linear(hidden, c_attn.weight, c_attn.bias).view(b, t, 3, n_head, d // n_head).permute(2, 0, 3, 1, 4)
    return causal_attention(q, k, v).transpose(1, 2).reshape(b, t, d)


def batched(function, rows, n=8):
    """Applies `function` to a few rows at a time: attention without a fused kernel holds (t, t) per head and row."""
    return torch.cat([function(part) for part in rows.split(n)])
