"""Baselines for the bundled model: SmolLM2-135M-Instruct and a trigram, on the held-out text of each group.

    python baselines.py TOKEN_FOLDER

TOKEN_FOLDER has GROUP.train.bin and GROUP.test.bin, as corpus.py writes them. Like evaluate.py, this scores the 6,144
GPT-2 tokens after the first one of each test file. The windows have 256 tokens, so that these figures stay the same for
every model; evaluate.py uses the model's own context. A window starts with one token of context; ends of documents are
read but not scored. SmolLM2 reads the text of the same windows in its own tokens, after an end of document. Prints a
Markdown table.
"""

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

import gguf
from gpt2 import END_OF_TEXT, TOKENIZER
from smollm2 import SmolLM2
from trigram import Trigram

SEPARATOR = "<|endoftext|>"  # END_OF_TEXT in SmolLM2's tokens
N_POSITIONS = 256
N_TOKENS = 24 * N_POSITIONS


class HeldOut(NamedTuple):
    windows: list[np.ndarray]  # GPT-2 tokens; the first of each is read but not scored
    n_tokens: int  # number of scored tokens
    n_bytes: int  # size of their text


def read_tokens(path):
    return np.fromfile(path, "<u2")


def held_out(tokenizer, tokens):
    """Splits (n,) tokens into windows that overlap by one token, the context."""
    tokens = tokens[: N_TOKENS + 1]
    windows = [tokens[start : start + N_POSITIONS + 1] for start in range(0, len(tokens) - 1, N_POSITIONS)]
    scored = tokens[1:][tokens[1:] != END_OF_TEXT]
    return HeldOut(windows, len(scored), len(tokenizer.decode(scored.tolist()).encode()))


def smollm2_nats(model, tokenizer, windows):
    [end] = model.tokenize(SEPARATOR)
    total = 0.0
    for window in windows:
        # Tokenized separately, so that no token is part context and part scored.
        texts = [tokenizer.decode(part.tolist(), skip_special_tokens=False) for part in (window[:1], window[1:])]
        read, scored = map(model.tokenize, texts)
        nats = model.nats([end, *read, *scored])[len(read) :]  # (len(scored),)
        total += nats[np.array(scored) != end].sum()
    return total


def trigram_nats(model, windows):
    total = 0.0
    for window in windows:
        second, third = window[:-1], window[1:]
        first = np.array([END_OF_TEXT, *window[:-2]])
        p = model.probabilities(first, second, third)  # (len(third),)
        total -= np.log(p[third != END_OF_TEXT]).sum()
    return total


def row(text, nats):
    """Bits per byte, and the perplexity per GPT-2 token."""
    return f"{nats / math.log(2) / text.n_bytes:.3f} | {math.exp(nats / text.n_tokens):.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokens", type=Path, metavar="TOKEN_FOLDER")
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    train = [read_tokens(path) for path in sorted(options.tokens.glob("*.train.bin"))]
    trigram = Trigram(np.concatenate(train), tokenizer.get_vocab_size())
    smollm2 = SmolLM2(gguf.packaged())

    print("| group | tokens | bytes | SmolLM2: bits per byte | perplexity | trigram: bits per byte | perplexity |")
    print("|---|---|---|---|---|---|---|")
    for path in sorted(options.tokens.glob("*.test.bin")):
        text = held_out(tokenizer, read_tokens(path))
        theirs = row(text, smollm2_nats(smollm2, tokenizer, text.windows))
        counted = row(text, trigram_nats(trigram, text.windows))
        group = path.name.split(".")[0]
        print(f"| {group} | {text.n_tokens:,} | {text.n_bytes:,} | {theirs} | {counted} |", flush=True)


if __name__ == "__main__":
    main()
