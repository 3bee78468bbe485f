"""Trains a GPT-2 as a TOML file says, on a CPU or on one GPU; goes on where the run was when it was last interrupted.

    python train.py CONFIG TOKEN_FOLDER RUN_FOLDER [--processes N] [--finish]
"""

import argparse
import os
import tempfile
import time
from copy import deepcopy
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

import checkpoint
from config import read_config
from distill import distillation_loss, labels_loss
from evaluate import nats_per_token
from export import read_model
from gpt2 import GPT2, init_from
from mixture import Mixture, read_tokens, token_file
from optimiser import Optimisers
from progress import Progress
from softmax import FullSoftmax, SampledSoftmax

# Tokens worked on at once, with the sampled softmax and with the full one, whose logits take 50,257 floats a token.
MICRO_BATCH_TOKENS = {"cpu": (4096, 1024), "cuda": (65536, 16384)}
# Of every group, at each checkpoint: enough to see where a run is going.
VALID_TOKENS = 2048


def main():
    parser = argparse.ArgumentParser(description="Trains a GPT-2, or goes on training it.")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("tokens", type=Path, metavar="TOKEN_FOLDER", help="what corpus.py wrote")
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="for the checkpoint, made if missing")
    parser.add_argument("--processes", type=int, default=1, help="of one thread each; on a CPU, as many as cores")
    parser.add_argument("--finish", action="store_true", help="go to the phases that decay now")
    args = parser.parse_args()
    if args.processes > 1 and torch.cuda.is_available():
        parser.error(f"--processes {args.processes} is for a CPU; on this machine's GPU, leave it out")
    args.run.mkdir(parents=True, exist_ok=True)
    # For glibc in the processes to come: to get memory zeroed by the kernel in every step took a fifth of the time.
    os.environ |= {"MALLOC_MMAP_THRESHOLD_": str(4 << 30), "MALLOC_TRIM_THRESHOLD_": str(8 << 30)}
    with tempfile.TemporaryDirectory() as meeting_point:
        torch.multiprocessing.spawn(work, (args, f"file://{meeting_point}/gloo"), args.processes)


def work(rank, args, meeting_point):
    """One process of a run; all have the same model, and each has its part of every batch."""
    if args.processes > 1:
        torch.set_num_threads(1)
        # A machine that is asleep, or busy with something else, is waited for.
        patience = timedelta(days=7)
        dist.init_process_group("gloo", meeting_point, timeout=patience, world_size=args.processes, rank=rank)
    run = Run(read_config(args.config), args.tokens, rank, args.processes)
    state = checkpoint.load(args.run)
    if state is not None:
        run.load_state_dict(state)
    if args.finish:
        run.progress.finish()
    run.train(lambda: checkpoint.save(args.run, run.state_dict()))


class Run:
    """A model in training, and all that its next step depends on."""

    def __init__(self, config, token_folder, rank, n_processes):
        torch.manual_seed(config.seed)
        self.config, self.rank, self.n_processes = config, rank, n_processes
        for phase in config.phases:
            if config.batch_tokens // phase.context % n_processes:
                n_windows = config.batch_tokens // phase.context
                raise ValueError(f"{n_processes} processes cannot share a batch of {n_windows} windows evenly")
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = GPT2(config.model)
        if config.init_from:
            init_from(self.model, read_model(config.init_from))
        self.model.to(self.device)
        # What is exported: the mean of the last steps' weights is better than the last (Polyak and Juditsky 1992).
        self.average = deepcopy(self.model).requires_grad_(False)
        self.teacher = config.distillation and read_model(config.distillation.teacher).to(self.device)
        self.optimisers = Optimisers(self.model, config.muon_learning_rate, config.adamw_learning_rate)
        self.mixture = Mixture(token_folder, config.groups(), config.seed)
        # Not every group has a part to spare.
        groups = [group for group in config.groups() if token_file(token_folder, group, "valid").exists()]
        self.valid = {group: read_tokens(token_folder, group, "valid")[: VALID_TOKENS + 1] for group in groups}
        self.progress = Progress(config)

    def train(self, save):
        """Runs to the end; `save()` is called every so many steps, and at the end."""
        phase, started, losses = None, time.perf_counter(), []
        while self.progress.phase is not None:
            if self.progress.phase is not phase:
                phase = self.progress.phase
                frequencies = self.mixture.frequencies(phase.shares)
                self.say(f"phase {self.progress.i_phase + 1} of {len(self.config.phases)}: {phase}")
            losses.append(self.step(phase, frequencies))
            if self.progress.n_steps % self.config.checkpoint_steps == 0 or self.progress.phase is None:
                n_per_second = len(losses) * self.config.batch_tokens / (time.perf_counter() - started)
                if self.rank == 0:
                    valid = ", ".join(f"{group} {self.valid_loss(group):.3f}" for group in self.valid)
                    self.say(
                        f"step {self.progress.n_steps}, {self.progress.n_tokens:,} tokens, "
                        f"{n_per_second:.0f} tokens/s, loss {np.mean(losses):.4f}, valid {valid}"
                    )
                    save()
                started, losses = time.perf_counter(), []

    def step(self, phase, frequencies):
        """Takes one step; returns the loss of this process's part of the batch."""
        rng = np.random.default_rng([self.config.seed, self.progress.n_steps])
        n_windows = self.config.batch_tokens // phase.context
        windows = self.mixture.batch(rng, phase.shares, n_windows, phase.context)[self.rank :: self.n_processes]
        softmax = FullSoftmax()
        if phase.n_sampled:
            softmax = SampledSoftmax(frequencies, phase.n_sampled, rng, self.device)
        n_micro = max(1, MICRO_BATCH_TOKENS[self.device][phase.n_sampled == 0] // phase.context)
        total = 0.0
        for micro_batch in windows.split(n_micro):
            loss = self.loss(micro_batch.to(self.device), softmax) * (len(micro_batch) / len(windows))
            loss.backward()
            total += loss.item()
        if self.n_processes > 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    dist.all_reduce(parameter.grad.div_(self.n_processes))
        self.optimisers.step(self.progress.learning_rate_factor())
        self.progress.advance()
        self.update_average()
        return total

    @torch.no_grad()
    def update_average(self):
        """Moves the average towards the weights by one part in `average_steps`; at first it is the plain mean."""
        weight = 1 / min(self.progress.n_steps, self.config.average_steps)
        for mean, parameter in zip(self.average.parameters(), self.model.parameters()):
            mean.lerp_(parameter, weight)

    def loss(self, windows, softmax):
        with torch.autocast(self.device, dtype=torch.bfloat16):
            if self.teacher is None:
                return labels_loss(self.model, softmax, windows)
            return distillation_loss(self.model, softmax, windows, self.teacher, self.config.distillation)

    def valid_loss(self, group):
        with torch.autocast(self.device, dtype=torch.bfloat16):
            return nats_per_token(self.average, self.valid[group])

    def say(self, line):
        if self.rank == 0:
            print(line, flush=True)

    def state_dict(self):
        return dict(
            shape=asdict(self.config.model),
            model=self.model.state_dict(),
            average=self.average.state_dict(),
            optimisers=self.optimisers.state_dict(),
            progress=self.progress.state_dict(),
            taken=self.mixture.taken,
        )

    def load_state_dict(self, state):
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimisers.load_state_dict(state["optimisers"])
        vars(self.progress).update(state["progress"])
        self.mixture.taken.update(state["taken"])


if __name__ == "__main__":
    main()
