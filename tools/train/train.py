"""Trains the GPT-2 that a TOML file describes, on a CPU or one GPU; resumes an interrupted run.

python train.py CONFIG TOKEN_FOLDER RUN_FOLDER [--seconds S]
"""

import argparse
import time
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import torch

import checkpoint
from config import read_config
from evaluate import nats_per_token
from fallback import checked, require_near
from gpt2 import GPT2, Shape, block_forward
from mixture import Mixture, read_tokens, token_file
from optimiser import Optimisers
from progress import Progress, learning_rate_factor
from softmax import CrossEntropy

# Tokens of each group for the validation loss at a checkpoint: enough to see the trend.
VALID_TOKENS = 4096
SAID_EVERY = 10  # seconds
AVERAGE_FROM = 0.8  # of the run


def main():
    parser = argparse.ArgumentParser(description="Trains a GPT-2, or resumes its training.")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("tokens", type=Path, metavar="TOKEN_FOLDER", help="as corpus.py writes it")
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="for the checkpoint, created if missing")
    parser.add_argument("--seconds", type=float, help="end after this time, regardless of n_tokens")
    args = parser.parse_args()
    started = time.monotonic()
    args.run.mkdir(parents=True, exist_ok=True)
    run = Run(read_config(args.config), args.tokens)
    if args.seconds:
        left = max(1.0, args.seconds - (time.monotonic() - started))
        run.progress = Progress(run.config.n_tokens, run.config.batch_tokens, left, time.monotonic)
    state = checkpoint.load(args.run)
    if state is not None:
        run.load_state_dict(state)
    run.train(lambda: checkpoint.save(args.run, run.state_dict()))


def say(line):
    print(line, flush=True)


class Run:
    """A model in training, and all the state that its next step depends on."""

    def __init__(self, config, token_folder):
        torch.manual_seed(config.seed)
        self.config = config
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        self.model = GPT2(config.shape).to(self.device)
        # For the export: the mean of the last weights is better than the last ones (Polyak and Juditsky 1992).
        self.average, self.n_averaged = deepcopy(self.model).requires_grad_(False), 0
        self.optimisers = Optimisers(self.model, config.muon_learning_rate, config.adamw_learning_rate)
        self.mixture = Mixture(token_folder, config.shares, config.seed)
        self.cross_entropy = CrossEntropy(config.n_embd, self.device, self.dtype, say=say)
        self.block_forward = block_forward
        if self.device.type == "cuda":
            self.block_forward = compiled_block(config, self.device, self.dtype)
        # Small groups have no valid split.
        groups = [group for group in config.shares if token_file(token_folder, group, "valid").exists()]
        self.valid = {group: read_tokens(token_folder, group, "valid")[: VALID_TOKENS + 1] for group in groups}
        self.progress = Progress(config.n_tokens, config.batch_tokens)

    def train(self, save):
        """Runs to the end, calling `save()` every `checkpoint_steps` and at the end."""
        n_parameters = sum(parameter.numel() for parameter in self.model.parameters())
        say(f"{n_parameters:,} parameters on {self.device}, from step {self.progress.n_steps}")
        said, losses = time.monotonic(), []
        while self.progress() < 1:
            losses.append(self.step())
            # At most two steps ahead of the GPU, so that the clock is meaningful.
            losses[-3:][0].item()
            is_saved = self.progress.n_steps % self.config.checkpoint_steps == 0 or self.progress() >= 1
            if is_saved or time.monotonic() - said > SAID_EVERY:
                mean = torch.stack(losses).mean().item()
                rate = len(losses) * self.config.batch_tokens / (time.monotonic() - said)
                n_tokens = self.progress.n_steps * self.config.batch_tokens
                say(f"step {self.progress.n_steps}, {n_tokens:,} tokens, {rate:,.0f} tokens/s, loss {mean:.4f}")
                said, losses = time.monotonic(), []
            if is_saved:
                valid = ", ".join(
                    f"{group} {nats_per_token(self.average, self.valid[group]):.3f}" for group in self.valid
                )
                say(f"valid at step {self.progress.n_steps}: {valid}")
                save()

    def step(self):
        """Takes one step and returns the loss of its batch, without waiting for a GPU."""
        progress = self.progress()
        windows = self.mixture.batch(self.progress.n_steps, self.config.n_windows, self.config.n_positions)
        windows = windows.to(self.device, non_blocking=True)
        hidden = self.model(windows[:, :-1], self.dtype, self.block_forward)
        loss = self.cross_entropy(hidden.flatten(0, 1), self.model.wte.weight, windows[:, 1:].flatten())
        loss.backward()
        self.optimisers.step(learning_rate_factor(progress))
        self.progress.n_steps += 1
        self.update_average(progress)
        return loss.detach()

    @torch.no_grad()
    def update_average(self, progress):
        """Moves the average towards the weights by 1 / `average_steps`; the first steps take their plain mean."""
        self.n_averaged = self.n_averaged + 1 if progress >= AVERAGE_FROM else 1
        weight = 1 / min(self.n_averaged, self.config.average_steps)
        for mean, parameter in zip(self.average.parameters(), self.model.parameters()):
            mean.lerp_(parameter, weight)

    def state_dict(self):
        return dict(
            shape=asdict(self.config.shape),
            model=self.model.state_dict(),
            average=self.average.state_dict(),
            n_averaged=self.n_averaged,
            optimisers=self.optimisers.state_dict(),
            progress=self.progress.state_dict(),
        )

    def load_state_dict(self, state):
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.n_averaged = state["n_averaged"]
        self.optimisers.load_state_dict(state["optimisers"])
        self.progress.load_state_dict(state["progress"])


def compiled_block(config, device, dtype):
    """`block_forward` compiled for the shape of training, if it gives the same result as plain PyTorch."""

    def check(compiled):
        started = time.monotonic()
        check_block(compiled, config.shape, config.n_windows, device, dtype)
        say(f"Compiled the block in {time.monotonic() - started:.1f} s")

    return checked("The compiled block", torch.compile(block_forward, dynamic=False), block_forward, check, say)


def check_block(forward, shape, n_windows, device, dtype):
    """Raises ArithmeticError if `forward` gives a different result or different gradients from `block_forward`."""
    block = GPT2(Shape(1, shape.n_embd, shape.n_head, shape.n_positions)).to(device).h[0]
    with torch.no_grad():
        for parameter in block.parameters():
            # A new block adds too little to the residual stream for a mistake to show.
            parameter.mul_(3 if parameter.dim() == 2 else 1)
    x = torch.randn((n_windows, shape.n_positions, shape.n_embd), device=device).to(dtype)
    found, expected = (run_block(f, block, shape.n_head, x) for f in (forward, block_forward))
    for a, b in zip(found, expected):
        require_near(a, b, 2e-2)


def run_block(forward, block, n_head, x):
    """The result, and its gradients with respect to `x` and the first matrix."""
    x = x.clone().requires_grad_()
    block.zero_grad()
    y = forward(x, n_head, *block.parameters())
    y.float().square().mean().backward()
    return y.detach(), x.grad, block.attn.c_attn.weight.grad.clone()


if __name__ == "__main__":
    main()
