"""Muon for the matrices inside the blocks, AdamW for embeddings and vectors.

Muon (Jordan et al. 2024): the momentum of a matrix, made orthogonal by five Newton-Schulz steps, is its update.
"""

import torch

MOMENTUM = 0.95
NS_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
N_NS_STEPS = 5


class Muon(torch.optim.Optimizer):
    """For Conv1D weights, (in, out). `n_parts` of a group: q, k and v share one tensor and are three matrices."""

    def __init__(self, groups, lr):
        super().__init__(groups, dict(lr=lr, n_parts=1))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                momentum = state["momentum"].lerp_(weight.grad, 1 - MOMENTUM)
                update = weight.grad.lerp(momentum, MOMENTUM)  # Nesterov's
                parts = torch.stack(update.chunk(group["n_parts"], 1))  # (n_parts, in, out / n_parts)
                n_in, n_out = parts.shape[1:]
                update = torch.cat([*orthogonal(parts)], 1)  # (in, out)
                weight.add_(update, alpha=-group["lr"] * max(1, n_out / n_in) ** 0.5)


def orthogonal(x):
    """The orthogonal matrices nearest to x (n, rows, columns), roughly: singular values between 0.7 and 1.2 will do."""
    a, b, c = NS_COEFFICIENTS
    is_tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if is_tall else x
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(N_NS_STEPS):
        gram = x @ x.transpose(1, 2)  # (n, rows, rows)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.transpose(1, 2) if is_tall else x).float()


class Optimisers:
    """Both, on the parameters of one model, behind one step."""

    def __init__(self, model, muon_learning_rate, adamw_learning_rate):
        packed, matrices, others = [], [], []
        for name, parameter in model.named_parameters():
            is_matrix = name.startswith("h.") and parameter.dim() == 2
            kind = others if not is_matrix else packed if "c_attn" in name else matrices
            kind.append(parameter)
        groups = [dict(params=packed, n_parts=3), dict(params=matrices)]
        self.all = [
            Muon(groups, muon_learning_rate),
            torch.optim.AdamW(others, adamw_learning_rate, betas=(0.9, 0.95), weight_decay=0.01),
        ]
        self.learning_rates = [muon_learning_rate, adamw_learning_rate]

    def step(self, factor):
        """Takes one step at `factor` times the learning rates, and forgets the gradients."""
        for optimiser, learning_rate in zip(self.all, self.learning_rates):
            for group in optimiser.param_groups:
                group["lr"] = factor * learning_rate
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    def state_dict(self):
        return [optimiser.state_dict() for optimiser in self.all]

    def load_state_dict(self, states):
        for optimiser, state in zip(self.all, states):
            optimiser.load_state_dict(state)
