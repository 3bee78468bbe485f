"""Muon for the matrices inside the blocks, AdamW for embeddings and vectors.

Muon (Jordan et al. 2024) updates a matrix by its momentum, made orthogonal in five Newton-Schulz steps.
"""

import torch

MOMENTUM = 0.95
NS_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
N_NS_STEPS = 5


class Muon:
    """Muon for Conv1D weights, (in, out), with all matrices of one shape updated together.

    `weights`: pairs (parameter, number of matrices side by side in it), which is 3 for queries, keys and values.
    """

    def __init__(self, weights):
        self.stacks = {}
        for weight, n_parts in weights:
            shape = weight.shape[0], weight.shape[1] // n_parts
            self.stacks.setdefault(shape, []).append((weight, n_parts))
        self.momenta = [
            torch.zeros((sum(n for _, n in stack), *shape), device=stack[0][0].device)
            for shape, stack in self.stacks.items()
        ]

    @torch.no_grad()
    def step(self, lr):
        """Takes a step; every weight must have its gradient."""
        for ((n_in, n_out), stack), momentum in zip(self.stacks.items(), self.momenta):
            gradient = torch.cat([torch.stack(weight.grad.chunk(n, 1)) for weight, n in stack])  # (n, in, out)
            momentum.lerp_(gradient, 1 - MOMENTUM)
            update = orthogonal(gradient.lerp(momentum, MOMENTUM))  # Nesterov's
            parts = update.split([n for _, n in stack])
            updates = [torch.cat([*part], 1) for part in parts]
            scale = lr * max(1, n_out / n_in) ** 0.5
            torch._foreach_add_([weight for weight, _ in stack], updates, alpha=-scale)


def orthogonal(x):
    """Roughly the nearest orthogonal matrices to x (n, rows, columns); singular values from 0.7 to 1.2 are enough."""
    a, b, c = NS_COEFFICIENTS
    is_tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if is_tall else x
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(N_NS_STEPS):
        gram = x @ x.transpose(1, 2)  # (n, rows, rows)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.transpose(1, 2) if is_tall else x).float()


class Optimisers:
    """Both optimisers, on the parameters of one model, behind one step."""

    def __init__(self, model, muon_learning_rate, adamw_learning_rate):
        matrices, others = [], []
        for name, parameter in model.named_parameters():
            if name.startswith("h.") and parameter.dim() == 2:
                matrices.append((parameter, 3 if "c_attn" in name else 1))
            else:
                others.append(parameter)
        self.muon = Muon(matrices)
        on_gpu = dict(fused=True) if others[0].is_cuda else {}
        self.adamw = torch.optim.AdamW(others, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.01, **on_gpu)
        self.parameters = [*model.parameters()]
        self.muon_learning_rate, self.adamw_learning_rate = muon_learning_rate, adamw_learning_rate

    def step(self, factor):
        """Takes one step at `factor` times the learning rates, and clears the gradients."""
        self.muon.step(factor * self.muon_learning_rate)
        self.adamw.param_groups[0]["lr"] = factor * self.adamw_learning_rate
        self.adamw.step()
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self):
        return dict(muon=self.muon.momenta, adamw=self.adamw.state_dict())

    def load_state_dict(self, state):
        for momentum, saved in zip(self.muon.momenta, state["muon"]):
            momentum.copy_(saved)
        self.adamw.load_state_dict(state["adamw"])
