"""Windows of tokens from several groups of text, drawn by the groups' shares.

What a step trains on depends on the seed, the step and how much was taken before, and on nothing else: so a run that
was interrupted goes on as if it had not been, and any number of processes share one batch.
"""

from functools import lru_cache

import numpy as np
import torch

from gpt2 import VOCAB_SIZE


class Mixture:
    """The groups of one folder of GROUP.train.bin (corpus.py)."""

    def __init__(self, folder, groups, seed):
        self.seed = seed
        self.tokens = {group: read_tokens(folder, group, "train") for group in groups}
        # Tokens taken from every group so far: all there is to know for going on.
        self.taken = dict.fromkeys(self.tokens, 0)
        self.order = lru_cache(maxsize=len(self.tokens))(self.order)

    def batch(self, rng, shares, n_windows, context):
        """(n_windows, context + 1) token ids; at one context, every window of a group comes once before any comes again."""
        groups = sorted(shares)
        p = np.array([shares[group] for group in groups])
        chosen = rng.choice(len(groups), n_windows, p=p / p.sum())
        windows = [self.next_window(groups[i], context) for i in chosen]
        return torch.from_numpy(np.stack(windows).astype(np.int64))

    def next_window(self, group, context):
        tokens = self.tokens[group]
        n_windows = (len(tokens) - 1) // context
        epoch, i = divmod(self.taken[group] // context, n_windows)
        start = int(self.order(group, n_windows, epoch)[i]) * context
        self.taken[group] += context
        return tokens[start : start + context + 1]

    def order(self, group, n_windows, epoch):
        return np.random.default_rng([self.seed, epoch, *group.encode()]).permutation(n_windows)

    def frequencies(self, shares):
        """(VOCAB_SIZE,) how often each token comes up in this mixture; a token never seen counts as seen once."""
        total = sum(shares.values())
        counts = {group: np.bincount(self.tokens[group], minlength=VOCAB_SIZE) + 1 for group in shares}
        return sum(share / total * counts[group] / counts[group].sum() for group, share in shares.items())


def token_file(folder, group, split):
    return folder / f"{group}.{split}.bin"


def read_tokens(folder, group, split):
    """(n,) token ids of a file that corpus.py wrote, read as they are used."""
    file = token_file(folder, group, split)
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; corpus.py makes it of {group}.{split}.txt")
    return np.memmap(file, dtype="<u2", mode="r")
