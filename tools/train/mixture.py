"""Windows of tokens from several groups of text, drawn by the groups' shares.

The windows of a step depend on the seed and the step only, so an interrupted run continues as if it had never stopped.
"""

import numpy as np
import torch

from gpt2 import END_OF_TEXT, NEWLINE

# The fractions of a group's windows that begin at a document and at a paragraph, as texts in the page do.
AT_DOCUMENTS = 0.2
AT_PARAGRAPHS = 0.2


class Mixture:
    """The groups in a folder of GROUP.train.bin (corpus.py), drawn by their `shares`."""

    def __init__(self, folder, shares, seed):
        self.seed = seed
        self.groups = [Group(read_tokens(folder, name, "train"), [seed, *name.encode()]) for name in shares]
        self.p = np.array([*shares.values()]) / sum(shares.values())

    def batch(self, step, n_windows, n_positions):
        """(n_windows, n_positions + 1) token ids."""
        rng = np.random.default_rng([self.seed, step])
        counts = rng.multinomial(n_windows, self.p)
        windows = [group.windows(rng, n, n_positions + 1) for group, n in zip(self.groups, counts) if n]
        return torch.from_numpy(np.concatenate(windows).astype(np.int64))


class Group:
    """The tokens of one group, and the beginnings of its documents and paragraphs."""

    def __init__(self, tokens, seed):
        self.tokens = with_blank_lines(tokens, np.random.default_rng(seed))
        before, after = self.tokens[:-1], self.tokens[1:]
        self.documents = 1 + np.flatnonzero(before == END_OF_TEXT)
        self.paragraphs = 1 + np.flatnonzero((before == NEWLINE) & (after != NEWLINE))

    def windows(self, rng, n, n_tokens):
        """(n, n_tokens) token ids."""
        last = len(self.tokens) - n_tokens
        if last < 0:
            raise ValueError(f"a window has {n_tokens} tokens, but a group only {len(self.tokens)}")
        starts = rng.integers(0, last + 1, n)
        n_before = 0
        for anchors, part in (self.documents, AT_DOCUMENTS), (self.paragraphs, AT_PARAGRAPHS):
            n_anchored = int(part * n)
            if len(anchors):
                starts[n_before : n_before + n_anchored] = rng.choice(anchors, n_anchored).clip(max=last)
            n_before += n_anchored
        return self.tokens[starts[:, None] + np.arange(n_tokens)]


def with_blank_lines(tokens, rng):
    """(n,) token ids with blank lines between the paragraphs of half of the documents; people write both ways."""
    document = np.cumsum(tokens == END_OF_TEXT)
    is_chosen = rng.random(int(document[-1]) + 1) < 0.5
    return np.repeat(tokens, np.where((tokens == NEWLINE) & is_chosen[document], 2, 1))


def token_file(folder, group, split):
    return folder / f"{group}.{split}.bin"


def read_tokens(folder, group, split):
    """(n,) token ids of a file that corpus.py wrote, loaded on demand."""
    file = token_file(folder, group, split)
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; corpus.py makes it from {group}.{split}.txt")
    return np.memmap(file, dtype="<u2", mode="r")
