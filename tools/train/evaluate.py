"""Perplexity per GPT-2 token and bits per byte of held-out text, by group, with the full softmax.

    python evaluate.py TOKEN_FOLDER MODEL_FOLDER [--tokens N]
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from export import read_model
from gpt2 import END_OF_TEXT, TOKENIZER
from mixture import read_tokens

# Windows per batch; the logits of one take n_positions * 50,257 floats.
BATCH = 4


def main():
    parser = argparse.ArgumentParser(description="Measures a model on the test split of every group, as a table.")
    parser.add_argument("tokens", type=Path, metavar="TOKEN_FOLDER")
    parser.add_argument("model", type=Path, metavar="MODEL_FOLDER", help="config.json and model.safetensors")
    parser.add_argument("--tokens", dest="n_tokens", type=int, default=6144, help="per group (6144)")
    args = parser.parse_args()
    model = read_model(args.model)
    n_bytes = token_bytes()
    print("| group | tokens | nats per token | perplexity | bits per byte |\n|---|---|---|---|---|")
    for file in sorted(args.tokens.glob("*.test.bin")):
        group = file.name.split(".")[0]
        tokens = read_tokens(args.tokens, group, "test")[: args.n_tokens + 1]
        nats = nats_per_token(model, tokens)
        scored = tokens[1:][tokens[1:] != END_OF_TEXT]
        bits_per_byte = nats * len(scored) / math.log(2) / n_bytes[scored].sum()
        print(f"| {group} | {len(scored)} | {nats:.3f} | {math.exp(nats):.1f} | {bits_per_byte:.3f} |", flush=True)


@torch.no_grad()
def nats_per_token(model, tokens):
    """Mean negative log-likelihood of (n,) token ids after the first, each predicted from its window so far.

    Windows of n_positions tokens follow each other without overlap. Ends of documents are read but not scored, since
    they are not text.
    """
    device = model.wte.weight.device
    tokens = torch.from_numpy(np.asarray(tokens).astype(np.int64)).to(device)
    n = model.shape.n_positions
    total, n_scored = 0.0, 0
    for start in range(0, len(tokens) - 1, n * BATCH):
        for inputs, targets in batches(tokens[start : start + n * BATCH + 1], n):
            logits = model.logits(inputs).float()
            targets = targets.masked_fill(targets == END_OF_TEXT, -100)
            total += F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum").item()
            n_scored += int((targets != -100).sum())
    return total / n_scored


def batches(tokens, n):
    """Yields the full windows of n inputs and their targets as one batch, then the shorter rest."""
    n_whole = (len(tokens) - 1) // n * n
    if n_whole:
        yield tokens[:n_whole].view(-1, n), tokens[1 : n_whole + 1].view(-1, n)
    if n_whole < len(tokens) - 1:
        yield tokens[None, n_whole:-1], tokens[None, n_whole + 1 :]


def token_bytes():
    """(VOCAB_SIZE,) bytes per token: GPT-2's vocabulary spells each byte as one character."""
    vocabulary = json.loads(TOKENIZER.read_text())["model"]["vocab"]
    return np.array([len(token) for token, _ in sorted(vocabulary.items(), key=lambda item: item[1])])


if __name__ == "__main__":
    main()
