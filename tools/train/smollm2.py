"""SmolLM2 in PyTorch: a Llama (Touvron et al. 2023) with tied embeddings, after transformers' modeling_llama.py."""

import math

import torch
from torch.nn import functional as F

import gguf


class SmolLM2:
    """The model in one dtype on one device, for writing (writer.py) and for scoring."""

    def __init__(self, path, device=torch.device("cpu"), dtype=torch.float32):
        meta, tensors = gguf.read(path)
        self.tokenizer = gguf.tokenizer(meta)
        self.device, self.dtype = device, dtype
        self.n_layer = meta["llama.block_count"]
        self.n_embd = meta["llama.embedding_length"]
        self.n_head, self.n_kv = meta["llama.attention.head_count"], meta["llama.attention.head_count_kv"]
        self.head_dim = self.n_embd // self.n_head
        self.epsilon = meta["llama.attention.layer_norm_rms_epsilon"]
        self.theta = meta["llama.rope.freq_base"]
        weight = lambda *names: torch.cat([torch.from_numpy(tensors[name + ".weight"]) for name in names]).to(
            device, dtype
        )
        self.embedding = weight("token_embd")  # (n_vocab, n_embd), also the head
        self.norm = weight("output_norm")
        self.layers = [self.layer(f"blk.{i}.", weight) for i in range(self.n_layer)]

    @staticmethod
    def layer(prefix, weight):
        names = dict(
            attn_norm=["attn_norm"],
            qkv=["attn_q", "attn_k", "attn_v"],
            attn_output=["attn_output"],
            ffn_norm=["ffn_norm"],
            gate_and_up=["ffn_gate", "ffn_up"],
            ffn_down=["ffn_down"],
        )
        return {key: weight(*[prefix + name for name in members]).t() for key, members in names.items()}

    def tokenize(self, text):
        """Token ids of `text`, which may spell out special tokens."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def logits(self, ids, attend):
        """Maps (n,) token ids to (n, n_vocab) logits.

        `attend(i, qkv)`: layer i's attention, from (n, (n_head + 2 * n_kv) * head_dim) to (n, n_embd).
        """
        x = F.embedding(ids, self.embedding)  # (n, n_embd)
        for i, layer in enumerate(self.layers):
            attended = attend(i, self.rms_norm(x, layer["attn_norm"]) @ layer["qkv"])
            x = torch.addmm(x, attended, layer["attn_output"])
            gate, up = (self.rms_norm(x, layer["ffn_norm"]) @ layer["gate_and_up"]).chunk(2, 1)
            x = torch.addmm(x, F.silu(gate) * up, layer["ffn_down"])
        return self.rms_norm(x, self.norm) @ self.embedding.t()

    def rms_norm(self, x, weight):
        if hasattr(F, "rms_norm"):
            return F.rms_norm(x, weight.shape, weight, self.epsilon)
        return (x.float() * (x.float().square().mean(-1, keepdim=True) + self.epsilon).rsqrt()).to(x.dtype) * weight

    def rotations(self, n_positions):
        """cos and sin, (n_positions, head_dim / 2) float32."""
        frequencies = self.theta ** -(torch.arange(0, self.head_dim, 2, dtype=torch.float64) / self.head_dim)
        angles = torch.arange(n_positions, dtype=torch.float64)[:, None] * frequencies
        return angles.cos().float().to(self.device), angles.sin().float().to(self.device)

    @torch.no_grad()
    def nats(self, ids):
        """Negative log-likelihoods of ids[1:] in nats, each given all ids before it: (t - 1,) float64."""
        ids = torch.tensor(ids, device=self.device)
        logits = self.logits(ids, self.causal_attention(len(ids)))[:-1]  # (t - 1, n_vocab)
        return F.cross_entropy(logits.double(), ids[1:], reduction="none").cpu().numpy()

    def causal_attention(self, t):
        """The `attend` that `logits` takes for a single text of `t` tokens."""
        cos, sin = (x[:, None] for x in self.rotations(t))  # (t, 1, head_dim / 2)
        mask = torch.full((t, t), -math.inf, device=self.device).triu(1)

        def attend(i, qkv):
            q, k, v = split_heads(qkv, self.n_kv, self.head_dim)
            q = rotated(q.flatten(1, 2), cos, sin).view_as(q)  # (t, n_kv, n_head / n_kv, head_dim)
            k = rotated(k, cos, sin)  # (t, n_kv, head_dim)
            weights = torch.einsum("tkrd,skd->krts", q, k).float() / math.sqrt(self.head_dim) + mask
            return torch.einsum("krts,skd->tkrd", weights.softmax(-1).to(v.dtype), v).flatten(1)

        return attend


def split_heads(qkv, n_kv, head_dim):
    """Splits into q (n, n_kv, n_head / n_kv, head_dim), and k and v (n, n_kv, head_dim): queries share keys."""
    n_q = qkv.shape[1] - 2 * n_kv * head_dim
    q, k, v = qkv.split([n_q, n_kv * head_dim, n_kv * head_dim], 1)
    return q.unflatten(1, (n_kv, -1, head_dim)), k.unflatten(1, (n_kv, head_dim)), v.unflatten(1, (n_kv, head_dim))


def rotated(x, cos, sin):
    """Rotates the halves of each head of (n, heads, head_dim) by angles with cos and sin (n, 1, head_dim / 2)."""
    a, b = x.float().chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)
