"""Triton kernels for a GPU, checked against the plain versions in writer.py and softmax.py."""

import math

import torch

from gpt2 import VOCAB_SIZE

try:
    import triton
    import triton.language as tl
except ImportError:  # everything has a plain version
    triton = None


def are_for(device):
    return triton is not None and device.type == "cuda"


def attend(qkv, k_cache, v_cache, positions, cos, sin):
    """As writer.attend."""
    n_rows, n_kv, n_positions, head_dim = k_cache.shape
    out = torch.empty((n_rows, qkv.shape[1] - 2 * n_kv * head_dim), device=qkv.device, dtype=qkv.dtype)
    attend_kernel[(n_rows, n_kv)](
        qkv, k_cache, v_cache, positions, cos, sin, out, n_positions, head_dim**-0.5,
        N_KV=n_kv, REP=out.shape[1] // (n_kv * head_dim), HALF=head_dim // 2, BLOCK=64, num_warps=4, num_stages=3,
    )  # fmt: skip
    return out


def pick(logits, inverse_temperatures, min_p, keys):
    """As writer.pick: the same probabilities, but different draws."""
    picked = torch.empty(len(logits), device=logits.device, dtype=torch.int64)
    pick_kernel[(len(logits),)](
        logits, inverse_temperatures, keys, picked, logits.shape[1], math.log(min_p), BLOCK=2048, num_warps=8
    )
    return picked


def softmax_(logits, targets, scale):
    """As softmax.softmax_."""
    losses = torch.empty(len(logits), device=logits.device)
    block = 4096
    softmax_kernel[(len(logits),)](
        logits, targets, losses, VOCAB_SIZE, logits.stride(0), scale,
        FULL=VOCAB_SIZE // block * block, BLOCK=block, num_warps=8,
    )  # fmt: skip
    return losses


if triton:

    @triton.jit
    def attend_kernel(
        qkv, k_cache, v_cache, positions, cos, sin, out, N_POS, scale,
        N_KV: tl.constexpr, REP: tl.constexpr, HALF: tl.constexpr, BLOCK: tl.constexpr,
    ):  # fmt: skip
        """Rotates q and k of one row and one kv head, stores k and v at the row's position p, and attends to 0..p."""
        b = tl.program_id(0)
        h = tl.program_id(1)
        D: tl.constexpr = 2 * HALF
        N_HEADS: tl.constexpr = N_KV * REP
        WIDTH: tl.constexpr = (N_HEADS + 2 * N_KV) * D
        p = tl.load(positions + b).to(tl.int32)
        half = tl.arange(0, HALF)
        full = tl.arange(0, D)
        c = tl.load(cos + p * HALF + half)
        s = tl.load(sin + p * HALF + half)
        row = qkv + b * WIDTH
        k_at = row + (N_HEADS + h) * D
        k0 = tl.load(k_at + half).to(tl.float32)
        k1 = tl.load(k_at + HALF + half).to(tl.float32)
        ty = k_cache.dtype.element_ty
        new_k0 = (k0 * c - k1 * s).to(ty)
        new_k1 = (k1 * c + k0 * s).to(ty)
        new_v = tl.load(row + (N_HEADS + N_KV + h) * D + full)
        cache = (b * N_KV + h) * N_POS * D
        tl.store(k_cache + cache + p * D + half, new_k0)
        tl.store(k_cache + cache + p * D + HALF + half, new_k1)
        tl.store(v_cache + cache + p * D + full, new_v)

        r = tl.arange(0, 16)  # only REP rows are used, but the smallest matrix product has 16
        q_at = row + (h * REP + r)[:, None] * D
        q_mask = (r < REP)[:, None]
        q0 = tl.load(q_at + half[None, :], mask=q_mask, other=0.0).to(tl.float32)
        q1 = tl.load(q_at + HALF + half[None, :], mask=q_mask, other=0.0).to(tl.float32)
        r0 = (q0 * c[None, :] - q1 * s[None, :]).to(ty)
        r1 = (q1 * c[None, :] + q0 * s[None, :]).to(ty)
        # The new key first, from registers; the loop reads only what earlier steps stored.
        m = scale * (
            tl.sum(r0.to(tl.float32) * new_k0.to(tl.float32)[None, :], 1)
            + tl.sum(r1.to(tl.float32) * new_k1.to(tl.float32)[None, :], 1)
        )
        total = tl.full((16,), 1.0, tl.float32)
        acc = tl.zeros((16, D), tl.float32) + new_v.to(tl.float32)[None, :]
        j = tl.arange(0, BLOCK)
        for start in range(0, p, BLOCK):
            at = start + j
            inside = at < p
            rows = cache + at[:, None] * D
            kk0 = tl.load(k_cache + rows + half[None, :], mask=inside[:, None], other=0.0)
            kk1 = tl.load(k_cache + rows + HALF + half[None, :], mask=inside[:, None], other=0.0)
            vv = tl.load(v_cache + rows + full[None, :], mask=inside[:, None], other=0.0)
            score = (tl.dot(r0, tl.trans(kk0)) + tl.dot(r1, tl.trans(kk1))) * scale
            score = tl.where(inside[None, :], score, -float("inf"))
            higher = tl.maximum(m, tl.max(score, 1))
            weight = tl.exp(score - higher[:, None])
            shrink = tl.exp(m - higher)
            total = total * shrink + tl.sum(weight, 1)
            acc = acc * shrink[:, None] + tl.dot(weight.to(ty), vv)
            m = higher
        acc = acc / total[:, None]
        o_at = out + b * N_HEADS * D + (h * REP + r)[:, None] * D + full[None, :]
        tl.store(o_at, acc.to(ty), mask=q_mask)

    @triton.jit
    def pick_kernel(logits, inverse_temperatures, keys, out, N_VOCAB, log_min_p, BLOCK: tl.constexpr):
        """One token per row: temperature, min-p, then the largest logit after adding Gumbel noise."""
        b = tl.program_id(0)
        key = tl.load(keys + b)
        inverse_t = tl.load(inverse_temperatures + b)
        lane = tl.arange(0, BLOCK)
        base = logits + b.to(tl.int64) * N_VOCAB
        high = tl.full((BLOCK,), -float("inf"), tl.float32)
        for start in range(0, N_VOCAB, BLOCK):
            at = start + lane
            high = tl.maximum(high, tl.load(base + at, mask=at < N_VOCAB, other=-float("inf")).to(tl.float32))
        floor = tl.max(high, 0) * inverse_t + log_min_p
        best = tl.full((BLOCK,), -float("inf"), tl.float32)
        which = tl.zeros((BLOCK,), tl.int32)
        for start in range(0, N_VOCAB, BLOCK):
            at = start + lane
            x = tl.load(base + at, mask=at < N_VOCAB, other=-float("inf")).to(tl.float32) * inverse_t
            u = tl.minimum(tl.rand(key, at), 0.9999999)
            x = tl.where(x >= floor, x - tl.log(-tl.log(u)), -float("inf"))
            better = x > best
            best = tl.where(better, x, best)
            which = tl.where(better, at, which)
        winner = tl.argmax(best, 0)
        tl.store(out + b, tl.sum(tl.where(lane == winner, which, 0), 0).to(tl.int64))

    @triton.jit
    def softmax_kernel(logits, targets, losses, N_VOCAB, STRIDE, scale, FULL: tl.constexpr, BLOCK: tl.constexpr):
        """Computes a row's loss and overwrites its logits with their gradients times `scale`.

        FULL: the number of columns in whole blocks, which need no mask and so are read 16 bytes at a time.
        """
        row = tl.program_id(0)
        base = logits + row.to(tl.int64) * STRIDE
        target = tl.load(targets + row)
        right = tl.load(base + target).to(tl.float32)
        lane = tl.arange(0, BLOCK)
        last = tl.load(base + FULL + lane, mask=FULL + lane < N_VOCAB, other=-float("inf")).to(tl.float32)
        high = tl.load(base + lane).to(tl.float32)
        total = tl.full((BLOCK,), 1.0, tl.float32)
        for start in range(BLOCK, FULL, BLOCK):
            x = tl.load(base + start + lane).to(tl.float32)
            higher = tl.maximum(high, x)
            total = total * tl.exp(high - higher) + tl.exp(x - higher)
            high = higher
        higher = tl.maximum(high, last)
        total = total * tl.exp(high - higher) + tl.exp(last - higher)
        top = tl.max(higher, 0)
        log_sum = top + tl.log(tl.sum(total * tl.exp(higher - top), 0))
        tl.store(losses + row, log_sum - right)
        for start in range(0, FULL, BLOCK):
            at = start + lane
            p = tl.exp(tl.load(base + at).to(tl.float32) - log_sum) * scale
            p = tl.where(at == target, p - scale, p)
            tl.store(base + at, p.to(logits.dtype.element_ty))
        p = tl.exp(last - log_sum) * scale
        p = tl.where(FULL + lane == target, p - scale, p)
        tl.store(base + FULL + lane, p.to(logits.dtype.element_ty), mask=FULL + lane < STRIDE)
