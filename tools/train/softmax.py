"""The head, the softmax over all 50,257 tokens and the cross entropy, with their gradients, slice by slice.

The logits of a whole batch would take more memory than everything else. The logits of a slice turn into their own
gradients in place, which are multiplied on to the gradients of the hidden states and the embedding at once.
"""

import torch

import kernels
from fallback import checked, require_near
from gpt2 import VOCAB_SIZE

PADDED = 50304  # columns of the logits: a multiple of 64, so that rows are aligned
SLICE = {"cpu": 1024, "cuda": 16384}  # rows at once


class CrossEntropy:
    """Maps (n, d) hidden states, (VOCAB_SIZE, d) `wte` and (n,) targets to the mean loss, differentiably."""

    def __init__(self, n_embd, device, dtype, n_slice=None, say=print):
        self.n_slice = n_slice or SLICE[device.type]
        self.weight = torch.zeros((PADDED, n_embd), device=device, dtype=dtype)
        self.logits = torch.empty((self.n_slice, PADDED), device=device, dtype=dtype)
        fast = kernels.softmax_ if kernels.are_for(device) else None
        check = lambda softmax_: check_softmax(softmax_, device, dtype)
        self.softmax_ = checked("The softmax kernel", fast, softmax_, check, say)

    def __call__(self, hidden, wte, targets):
        return Function.apply(hidden, wte, targets, self)

    def gradients(self, hidden, wte, targets):
        """The mean loss, and its gradients with respect to `hidden` and `wte`."""
        self.weight[:VOCAB_SIZE] = wte.to(self.weight.dtype)
        d_hidden = torch.empty_like(hidden)
        d_wte = torch.zeros(self.weight.shape, device=wte.device)
        losses = []
        for start in range(0, len(hidden), self.n_slice):
            part = slice(start, start + self.n_slice)
            logits = self.logits[: len(hidden[part])]
            torch.mm(hidden[part], self.weight.t(), out=logits)
            losses.append(self.softmax_(logits, targets[part], 1 / len(hidden)))
            torch.mm(logits, self.weight, out=d_hidden[part])
            d_wte += logits.t() @ hidden[part]
        return torch.cat(losses).mean(), d_hidden, d_wte[:VOCAB_SIZE]


class Function(torch.autograd.Function):
    @staticmethod
    def forward(ctx, hidden, wte, targets, cross_entropy):
        loss, *gradients = cross_entropy.gradients(hidden, wte, targets)
        ctx.save_for_backward(*gradients)
        return loss

    @staticmethod
    def backward(ctx, d_loss):
        d_hidden, d_wte = ctx.saved_tensors
        return d_hidden * d_loss.to(d_hidden.dtype), d_wte * d_loss, None, None


def softmax_(logits, targets, scale):
    """Returns the rows' (n,) float32 losses; overwrites (n, PADDED) `logits` with their gradients times `scale`."""
    log_p = logits[:, :VOCAB_SIZE].float().log_softmax(1)
    losses = -log_p.gather(1, targets[:, None])[:, 0]
    p = log_p.exp_()
    p.scatter_add_(1, targets[:, None], torch.full_like(losses, -1.0)[:, None])
    logits[:, :VOCAB_SIZE] = p.mul_(scale).to(logits.dtype)
    logits[:, VOCAB_SIZE:] = 0
    return losses


def check_softmax(fast, device, dtype):
    """Raises ArithmeticError if `fast` gives different losses or gradients from `softmax_`."""
    generator = torch.Generator().manual_seed(0)
    logits = (3 * torch.randn((64, PADDED), generator=generator)).to(device, dtype)
    targets = torch.randint(0, VOCAB_SIZE, (64,), generator=generator).to(device)
    targets[:2] = torch.tensor([0, VOCAB_SIZE - 1])
    gradients, expected_gradients = logits.clone(), logits.clone()
    losses, expected = fast(gradients, targets, 2**-6), softmax_(expected_gradients, targets, 2**-6)
    require_near(losses, expected, 1e-4)
    require_near(gradients, expected_gradients, 1e-2)
