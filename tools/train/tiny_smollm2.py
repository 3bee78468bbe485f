"""Miniature GGUF files like SmolLM2's, for the tests, which run without a network to fetch the real one."""

import struct

import numpy as np
from tokenizers import pre_tokenizers

import gguf

SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
N_LAYER, N_EMBD, N_HEAD, N_KV, N_FF = 2, 64, 4, 2, 96
# No rule of rules.py drops these.
WORDS = """
    the a one some every this that our their her his old new small tall quiet early late warm cold house river garden
    street kitchen letter morning evening winter summer train bridge window table teacher neighbour sister brother
    baker walks waits sings reads writes remembers carries paints repairs opens closes finds brings keeps slowly again
    today often always never seldom near under behind before after without with for from into through and or but while
    because where when bread water paper music light wood stone rain snow wind coat door chair boat bicycle lamp book
""".split()


def metadata(words=()):
    """Metadata of a model whose tokens are the specials, the 256 bytes, two merges, and `words` after a space.

    Encoding never yields the words, since no merge leads to them.
    """
    tokens = (
        SPECIALS + sorted(pre_tokenizers.ByteLevel.alphabet()) + ["th", "the"] + [f"\u0120{word}" for word in words]
    )
    return {
        "llama.block_count": N_LAYER,
        "llama.embedding_length": N_EMBD,
        "llama.feed_forward_length": N_FF,
        "llama.attention.head_count": N_HEAD,
        "llama.attention.head_count_kv": N_KV,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 1e4,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.merges": ["t h", "th e"],
        "tokenizer.ggml.token_type": [3] * len(SPECIALS) + [1] * (len(tokens) - len(SPECIALS)),
    }


def random_tensors(meta, seed):
    """Random weights: {name: float32 array} in Hugging Face's layout."""
    rng = np.random.default_rng(seed)
    n_kv_rows = N_KV * N_EMBD // N_HEAD
    shapes = {"token_embd": (len(meta["tokenizer.ggml.tokens"]), N_EMBD), "output_norm": (N_EMBD,)}
    for i in range(N_LAYER):
        shapes |= {
            f"blk.{i}.attn_norm": (N_EMBD,),
            f"blk.{i}.attn_q": (N_EMBD, N_EMBD),
            f"blk.{i}.attn_k": (n_kv_rows, N_EMBD),
            f"blk.{i}.attn_v": (n_kv_rows, N_EMBD),
            f"blk.{i}.attn_output": (N_EMBD, N_EMBD),
            f"blk.{i}.ffn_norm": (N_EMBD,),
            f"blk.{i}.ffn_gate": (N_FF, N_EMBD),
            f"blk.{i}.ffn_up": (N_FF, N_EMBD),
            f"blk.{i}.ffn_down": (N_EMBD, N_FF),
        }
    noise = lambda shape: rng.standard_normal(shape, np.float32)
    tensors = {name: noise(shape) * 0.2 + (len(shape) == 1) for name, shape in shapes.items()}
    return {f"{name}.weight": value.astype(np.float32) for name, value in tensors.items()}


def word_tensors(meta):
    """Weights of a model that writes any of its words after any text, and sometimes ends a sentence or the text."""
    tensors = {name: np.zeros_like(value) for name, value in random_tensors(meta, 0).items()}
    tensors |= {name: np.ones_like(value) for name, value in tensors.items() if value.ndim == 1}
    n_words = sum(token.startswith("\u0120") and len(token) > 1 for token in meta["tokenizer.ggml.tokens"])
    # A token's embedding is a one and a score. The MLP turns the one into a large factor of the score in the head.
    embedding = tensors["token_embd.weight"]
    embedding[:, 0] = 1
    embedding[:, 1] = -1
    embedding[-n_words:, 1] = 1
    embedding[SPECIALS.index("<|im_end|>"), 1] = 0.9
    embedding[meta["tokenizer.ggml.tokens"].index("."), 1] = 1.2
    tensors["blk.0.ffn_gate.weight"][0, 0] = tensors["blk.0.ffn_up.weight"][0, 0] = 1
    tensors["blk.0.ffn_down.weight"][1, 0] = 10
    tensors["output_norm.weight"][0] = 0
    return tensors


def write(path, meta, tensors, kinds={}):
    """Writes a GGUF file; `kinds` maps endings of tensor names to types, float32 by default."""
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(meta))
    header += b"".join(string(key) + value(item) for key, item in meta.items())
    body = b""
    for name, tensor in tensors.items():
        kind = next((kind for ending, kind in kinds.items() if name.endswith(ending)), gguf.F32)
        header += string(name) + struct.pack(f"<I{tensor.ndim}QIQ", tensor.ndim, *tensor.shape[::-1], kind, len(body))
        n_head = {"attn_q": N_HEAD, "attn_k": N_KV}.get(name.split(".")[-2])
        body += quantised(permuted(tensor, n_head) if n_head else tensor, kind)
        body += bytes(-len(body) % 32)
    path.write_bytes(header + bytes(-len(header) % 32) + body)


def string(text):
    return struct.pack("<Q", len(text.encode())) + text.encode()


def value(item):
    """Encodes a value with its type in front."""
    if isinstance(item, list):
        items = [value(x) for x in item]
        return (
            struct.pack("<I", gguf.ARRAY)
            + items[0][:4]
            + struct.pack("<Q", len(items))
            + b"".join(x[4:] for x in items)
        )
    if isinstance(item, str):
        return struct.pack("<I", gguf.STRING) + string(item)
    return struct.pack("<If", 6, item) if isinstance(item, float) else struct.pack("<II", 4, item)


def permuted(weight, n_head):
    """Puts rows of q or k in llama.cpp's order, which alternates between the two halves of a head."""
    rows = np.arange(len(weight)).reshape(n_head, 2, -1)
    return weight[np.stack([rows[:, 0], rows[:, 1]], 2).ravel()]


def quantised(tensor, kind):
    if kind == gguf.F32:
        return tensor.astype("<f4").tobytes()
    blocks = np.zeros(tensor.size // gguf.BLOCK_LEN, gguf.BLOCKS[kind])
    x = tensor.reshape(-1, gguf.BLOCK_LEN)
    if kind == gguf.Q8_0:
        blocks["scale"] = np.abs(x).max(1) / 127
        blocks["q"] = np.round(x / blocks["scale"].astype(np.float32)[:, None]).clip(-127, 127)
    else:
        blocks["minimum"] = x.min(1)
        blocks["scale"] = (x.max(1) - x.min(1)) / 15
        minimum, scale = (blocks[key].astype(np.float32)[:, None] for key in ("minimum", "scale"))
        q = np.round((x - minimum) / scale).clip(0, 15).astype(np.uint8)
        blocks["q"] = q[:, :16] | q[:, 16:] << 4
    return blocks.tobytes()
