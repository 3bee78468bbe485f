"""The last product and its softmax: over all 50,257 tokens, or over the right one and a sample of the others.

The full one costs most of a step of a small model. The sampled one weighs every token of the sample by how rarely it is
expected there, which is to subtract the logarithm of that from its logit (log-Q correction): the sum below the fraction
is then the full one on average (Bengio and Senecal 2008).
"""

import numpy as np
import torch
from torch.nn import functional as F

from gpt2 import VOCAB_SIZE


class FullSoftmax:
    correction = 0.0

    def logits(self, hidden, wte, targets):
        """(n, n_embd) hidden states and (n,) targets to (n, VOCAB_SIZE) logits and each row's right column."""
        return F.linear(hidden, wte).float(), targets


class SampledSoftmax:
    """`n_sampled` tokens, drawn for one step by their frequencies to the power of 3/4 (Mikolov et al. 2013).

    `correction`, (1 + n_sampled,), is to be subtracted from the logits, after any temperature.
    """

    def __init__(self, frequencies, n_sampled, rng, device):
        q = frequencies**0.75
        q = q / q.sum()
        # Searching the sums by hand is a hundred times as fast as rng.choice with probabilities.
        sample = np.searchsorted(np.cumsum(q), rng.random(n_sampled)).clip(max=VOCAB_SIZE - 1)
        self.sample = torch.from_numpy(sample).to(device)  # (n_sampled,)
        correction = np.log([1.0, *(n_sampled * q[sample])])
        self.correction = torch.from_numpy(correction).float().to(device)  # (1 + n_sampled,)

    def logits(self, hidden, wte, targets):
        """(n, n_embd) hidden states and (n,) targets to (n, 1 + n_sampled) logits and each row's right column: 0."""
        # F.embedding and not wte[...], whose gradient on a CPU is added up in any order.
        right = (hidden * F.embedding(targets, wte)).sum(1).float()  # (n,)
        others = F.linear(hidden, F.embedding(self.sample, wte)).float()  # (n, n_sampled)
        # The right token is counted once, as the first column.
        others = others.masked_fill(targets[:, None] == self.sample, -1e9)
        return torch.cat([right[:, None], others], 1), torch.zeros_like(targets)
