"""The last product and its softmax: over all 50,257 tokens, or over the right one and a sample of the others.

The full one costs most of a step of a small model. The sampled one subtracts from every logit the logarithm of how often
the sample is expected to hold that token (log-Q correction), and so has the full one's gradient on average
(Bengio and Senecal 2008; Jean et al. 2015).
"""

import numpy as np
import torch
from torch.nn import functional as F

from gpt2 import VOCAB_SIZE


class FullSoftmax:
    def logits(self, hidden, wte, targets):
        """(n, n_embd) hidden states and (n,) targets to (n, VOCAB_SIZE) logits and each row's right column."""
        return F.linear(hidden, wte).float(), targets


class SampledSoftmax:
    """`n_sampled` tokens drawn anew for every step from the tokens' frequencies to the power of 3/4 (Mikolov et al. 2013)."""

    def __init__(self, frequencies, n_sampled, rng, device):
        q = frequencies**0.75
        q = q / q.sum()
        # Searching the sums by hand is a hundred times as fast as rng.choice with probabilities.
        sample = np.searchsorted(np.cumsum(q), rng.random(n_sampled)).clip(max=VOCAB_SIZE - 1)
        self.sample = torch.from_numpy(sample).to(device)  # (n_sampled,)
        self.log_expected = torch.from_numpy(np.log(n_sampled * q)).float().to(device)  # (VOCAB_SIZE,)

    def logits(self, hidden, wte, targets):
        """(n, n_embd) hidden states and (n,) targets to (n, 1 + n_sampled) logits and each row's right column, the first."""
        right = (hidden * wte[targets]).sum(1).float() - self.log_expected[targets]  # (n,)
        others = F.linear(hidden, wte[self.sample]).float() - self.log_expected[self.sample]  # (n, n_sampled)
        # Where the sample holds the right token, it is no competitor.
        others = others.masked_fill(targets[:, None] == self.sample, -1e9)
        return torch.cat([right[:, None], others], 1), torch.zeros_like(targets)
