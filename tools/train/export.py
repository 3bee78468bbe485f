"""Exports a model for the page: config.json as Hugging Face writes it, and safetensors with int8 matrices.

    python export.py CONFIG TOKEN_FOLDER RUN_FOLDER MODEL_FOLDER

A matrix NAME is int8 in GPT-2's own shape, with NAME.scale in bfloat16 for groups of 32 inputs of an output: along the
rows of an embedding, down the columns of a Conv1D weight, which is stored (in, out). value = int8 * scale. The page
keeps matrices in this form, so nothing is rounded a second time. Vectors are float32. The rounding is calibrated on
training text (rounding.py); the valid split shows how far the result is from the float32 model.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import checkpoint
from config import read_config
from gpt2 import END_OF_TEXT, GPT2, VOCAB_SIZE, Shape
from mixture import Mixture, read_tokens, token_file
from rounding import compensated, dequantised

# Windows of training text for the rounding, and of each group's valid split for measuring it.
N_WINDOWS = 64
N_VALID_WINDOWS = 2


def main():
    parser = argparse.ArgumentParser(description="Exports the model of a run for the page.")
    parser.add_argument("config", type=Path, metavar="CONFIG", help="of the run; see bundled.toml")
    parser.add_argument("tokens", type=Path, metavar="TOKEN_FOLDER", help="as corpus.py writes it")
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER")
    parser.add_argument("model", type=Path, metavar="MODEL_FOLDER")
    args = parser.parse_args()
    state = checkpoint.load(args.run)
    if state is None:
        parser.error(f"{args.run} has no {checkpoint.NAME}; train.py writes it")
    config = read_config(args.config)
    model = GPT2(config.shape)
    model.load_state_dict(state["average"])
    # A seed of its own, since training has drawn from its seed already.
    mixture = Mixture(args.tokens, config.shares, config.seed + 1)
    windows = mixture.batch(0, N_WINDOWS, config.n_positions)[:, :-1]
    write_model(args.model, config.shape, compensated(model, windows))
    for file in (args.model / "config.json", args.model / "model.safetensors"):
        contents = file.read_bytes()
        print(f"{file}: {len(contents):,} bytes, sha256 {hashlib.sha256(contents).hexdigest()}")
    n, same_top, divergence = difference(model, read_model(args.model), valid_windows(args.tokens, config))
    print(f"likeliest token as in float32 at {same_top:.2%} of {n:,} held-out positions, KL divergence {divergence:.6f} nats")


def write_model(folder, shape, tensors):
    """Writes config.json and model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config_json(shape), indent=2) + "\n")


def read_model(folder):
    """Loads a GPT2 from a folder that `write_model` wrote, or from one in float32."""
    config = json.loads((folder / "config.json").read_text())
    model = GPT2(Shape(**{key: config[key] for key in Shape.__dataclass_fields__}))
    stored = load_file(folder / "model.safetensors")
    for name, parameter in model.named_parameters():
        value, scales = stored[name], stored.get(name + ".scale")
        parameter.data = value.float() if scales is None else dequantised(value, scales, input_axis(name))
    return model.eval().requires_grad_(False)


def input_axis(name):
    """The axis along which neighbours share a scale: the rows of an embedding, the columns of a Conv1D weight."""
    return 1 if name.startswith("w") else 0


def valid_windows(folder, config):
    """(n, n_positions) token ids, from each group that has a valid split."""
    n = N_VALID_WINDOWS * config.n_positions
    groups = [group for group in config.shares if token_file(folder, group, "valid").exists()]
    tokens = [torch.from_numpy(read_tokens(folder, group, "valid")[:n].astype("int64")) for group in groups]
    return torch.cat([part[: len(part) // config.n_positions * config.n_positions] for part in tokens]).view(-1, config.n_positions)


@torch.no_grad()
def difference(model, rounded, windows):
    """Number of positions, share of them with the same likeliest token, and mean KL divergence from `model`."""
    same, divergence = [], []
    for part in windows.split(1):
        expected, found = model.logits(part), rounded.logits(part)  # (1, t, VOCAB_SIZE)
        same.append(expected.argmax(-1) == found.argmax(-1))
        log_p, log_q = expected.log_softmax(-1), found.log_softmax(-1)
        divergence.append((log_p.exp() * (log_p - log_q)).sum(-1))
    return windows.numel(), torch.cat(same).float().mean().item(), torch.cat(divergence).mean().item()


def config_json(shape):
    return dict(
        model_type="gpt2",
        architectures=["GPT2LMHeadModel"],
        vocab_size=VOCAB_SIZE,
        n_positions=shape.n_positions,
        n_ctx=shape.n_positions,
        n_embd=shape.n_embd,
        n_layer=shape.n_layer,
        n_head=shape.n_head,
        activation_function="gelu_new",
        layer_norm_epsilon=1e-05,
        tie_word_embeddings=True,
        bos_token_id=END_OF_TEXT,
        eos_token_id=END_OF_TEXT,
    )


if __name__ == "__main__":
    main()
