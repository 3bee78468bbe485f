"""DistilGPT2's shape, and its weights from a safetensors file."""

import json

import numpy as np

VOCAB_SIZE, N_POSITIONS, N_EMBD, N_LAYER, N_HEAD = 50257, 1024, 768, 6, 12
D_HEAD = N_EMBD // N_HEAD


def read_checkpoint(path):
    """Returns {name: float32 array}; matrices are (in, out), as Conv1D stores them."""
    with open(path, "rb") as file:
        header_len = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(header_len))
    return {
        name: np.memmap(path, np.float32, "r", 8 + header_len + info["data_offsets"][0], tuple(info["shape"]))
        for name, info in header.items()
    }
