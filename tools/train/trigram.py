"""An interpolated trigram with modified Kneser-Ney smoothing (Chen and Goodman 1999), in sorted arrays."""

import numpy as np


class Order:
    """One order of the model: the discounted share of a token among the counts of its context (one number).

    `grams`: (g,) int64, sorted and distinct, context * vocab_size + token; `counts`: (g,), all >= 1.
    """

    def __init__(self, grams, counts, vocab_size):
        self.grams, self.counts, self.vocab_size = grams, counts, vocab_size
        self.discounts = discounts(counts)  # (4,): for the counts 0, 1, 2, and 3 or more
        self.contexts, starts = np.unique(grams // vocab_size, return_index=True)  # (c,) both
        self.totals = np.add.reduceat(counts, starts)  # (c,)
        # The probability mass that the discounts free in a context goes to the lower order.
        self.discounted = np.add.reduceat(self.discounts[np.minimum(counts, 3)], starts)  # (c,)

    def probabilities(self, contexts, tokens, lower):
        """P(token | context) for (t,) contexts and tokens, given the (t,) probabilities of the lower order."""
        context, known = find(self.contexts, contexts)  # (t,) both
        gram, seen = find(self.grams, contexts * self.vocab_size + tokens)  # (t,) both
        counts = np.where(seen, self.counts[gram], 0)  # (t,)
        kept = counts - self.discounts[np.minimum(counts, 3)]  # (t,)
        mixed = (kept + self.discounted[context] * lower) / self.totals[context]  # (t,)
        return np.where(known, mixed, lower)


class Trigram:
    """P(token | the two tokens before it), trained on `tokens`, (n,) integers below `vocab_size`."""

    def __init__(self, tokens, vocab_size):
        tokens = tokens.astype(np.int64)
        keys = (tokens[:-2] * vocab_size + tokens[1:-1]) * vocab_size + tokens[2:]  # (n - 2,)
        trigrams, counts = np.unique(keys, return_counts=True)
        # Lower orders count the distinct contexts of a token, not its occurrences.
        bigrams, n_before_bigram = np.unique(trigrams % vocab_size**2, return_counts=True)
        unigrams, n_before_unigram = np.unique(bigrams % vocab_size, return_counts=True)
        self.vocab_size = vocab_size
        self.orders = [
            Order(unigrams, n_before_unigram, vocab_size),
            Order(bigrams, n_before_bigram, vocab_size),
            Order(trigrams, counts, vocab_size),
        ]

    def probabilities(self, first, second, third):
        """P(third | first, second) for three (t,) arrays of tokens."""
        first, second, third = (np.asarray(tokens, np.int64) for tokens in (first, second, third))
        unigram, bigram, trigram = self.orders
        p = np.full(len(third), 1 / self.vocab_size)  # (t,)
        p = unigram.probabilities(np.zeros_like(third), third, p)
        p = bigram.probabilities(second, third, p)
        return trigram.probabilities(first * self.vocab_size + second, third, p)


def discounts(counts):
    """Chen and Goodman's discounts for the counts 0, 1, 2, and 3 or more, from the numbers of grams with counts 1 to 4.

    A text that lacks one of these counts is too short for an estimate and gets the absolute discount 0.5.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    if not n[1:5].all():
        return np.array([0, 0.5, 0.5, 0.5])
    y = n[1] / (n[1] + 2 * n[2])
    return np.array([0, *(i - (i + 1) * y * n[i + 1] / n[i] for i in (1, 2, 3))])


def find(sorted_keys, keys):
    """The (t,) indexes of `keys` in `sorted_keys`, arbitrary for absent ones, and whether each is there, (t,)."""
    index = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return index, sorted_keys[index] == keys
