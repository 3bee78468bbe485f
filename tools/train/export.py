"""A model as the page reads it: config.json as Hugging Face writes it, and safetensors with int8 matrices.

    python export.py RUN_FOLDER MODEL_FOLDER

A matrix NAME is int8 in GPT-2's own shape, with NAME.scale in bfloat16 for groups of 32 inputs of an output: along the
rows of an embedding, down the columns of a Conv1D weight, which is stored (in, out). value = int8 * scale. So the page
holds them in memory, and nothing is rounded a second time. Vectors are float32.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import checkpoint
from gpt2 import END_OF_TEXT, GPT2, VOCAB_SIZE, Shape

GROUP_LEN = 32


def main():
    parser = argparse.ArgumentParser(description="Writes the model of a run for the page.")
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER")
    parser.add_argument("model", type=Path, metavar="MODEL_FOLDER")
    args = parser.parse_args()
    state = checkpoint.load(args.run)
    if state is None:
        parser.error(f"{args.run} has no {checkpoint.NAME}; train.py writes it")
    write_model(args.model, Shape(**state["shape"]), state["average"])
    for file in (args.model / "config.json", args.model / "model.safetensors"):
        contents = file.read_bytes()
        print(f"{file}: {len(contents):,} bytes, sha256 {hashlib.sha256(contents).hexdigest()}")


def write_model(folder, shape, parameters):
    """Writes config.json and model.safetensors for `parameters`, by their names in GPT2."""
    tensors = {}
    for name, parameter in parameters.items():
        value = parameter.float()
        if value.dim() == 1:
            tensors[name] = value
        else:
            tensors[name], tensors[name + ".scale"] = quantise(value, input_axis(name))
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config_json(shape), indent=2) + "\n")


def read_model(folder):
    """The GPT2 of a folder that `write_model` wrote, in float32, for evaluation."""
    config = json.loads((folder / "config.json").read_text())
    model = GPT2(Shape(**{key: config[key] for key in Shape.__dataclass_fields__}))
    stored = load_file(folder / "model.safetensors")
    parameters = {}
    for name in model.state_dict():
        parameters[name] = stored[name].float()
        if name + ".scale" in stored:
            axis, scale = input_axis(name), stored[name + ".scale"].float()
            # The first bundled model, which the recipe begins with, has one scale per row or column.
            parameters[name] *= scale.unsqueeze(axis) if scale.dim() == 1 else scale.repeat_interleave(GROUP_LEN, axis)
    model.load_state_dict(parameters)
    return model.eval().requires_grad_(False)


def input_axis(name):
    """The axis that neighbours with the same scale lie on: a row of an embedding, an output's column of a Conv1D."""
    return 1 if name.startswith("w") else 0


def quantise(value, axis):
    """(rows, columns) to int8 of the same shape, and the scales of its groups along `axis`."""
    groups = value.unflatten(axis, (-1, GROUP_LEN))
    # Rounded to bfloat16 first, so that the integers are the nearest for the scale that is stored.
    scale = (groups.abs().amax(axis + 1, keepdim=True) / 127).clamp(min=torch.finfo(torch.float32).tiny).bfloat16()
    quantised = (groups / scale.float()).round().clamp(-127, 127).flatten(axis, axis + 1)
    return quantised.to(torch.int8).contiguous(), scale.squeeze(axis + 1).contiguous()


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
