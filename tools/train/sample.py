"""Completes prompts without picking among the results: temperature 0.8, top-p 0.9, one seed per completion.

    python sample.py MODEL_FOLDER PROMPTS [--each N] [--new-tokens N]

PROMPTS has one prompt per line. Completion i of the whole list has seed i.
"""

import argparse
import re
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional as F

from export import read_model
from gpt2 import END_OF_TEXT, TOKENIZER

TEMPERATURE = 0.8
TOP_P = 0.9


def main():
    parser = argparse.ArgumentParser(description="Writes completions of prompts as a Markdown table.")
    parser.add_argument("model", type=Path, metavar="MODEL_FOLDER", help="config.json and model.safetensors")
    parser.add_argument("prompts", type=Path, metavar="PROMPTS")
    parser.add_argument("--each", type=int, default=1, help="completions per prompt (1)")
    parser.add_argument("--new-tokens", type=int, default=24, help="at most (24)")
    args = parser.parse_args()
    model = read_model(args.model)
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    prompts = [line for line in args.prompts.read_text().splitlines() for _ in range(args.each)]
    print("| seed | prompt | completion |\n|---|---|---|")
    for seed, prompt in enumerate(prompts):
        new_ids = complete(model, tokenizer.encode(prompt).ids, args.new_tokens, seed)
        completion = tokenizer.decode(new_ids).strip().replace("\n", " / ")
        print(f"| {seed} | {prompt} | {escaped(completion)} |", flush=True)


def escaped(text):
    """Escapes text for a cell of a Markdown table."""
    return re.sub(r"([\\`*_<|])", r"\\\1", text)


@torch.no_grad()
def complete(model, input_ids, n_new, seed):
    """Continues `input_ids` by at most `n_new` ids, up to an end of text."""
    generator = torch.Generator().manual_seed(seed)
    ids = list(input_ids)
    while len(ids) < len(input_ids) + n_new:
        hidden = model(torch.tensor([ids[-model.shape.n_positions :]]))[0, -1]  # (n_embd,)
        logits = F.linear(hidden, model.wte.weight)  # (VOCAB_SIZE,)
        sorted_p, order = (logits / TEMPERATURE).softmax(0).sort(descending=True)  # both (VOCAB_SIZE,)
        # Keeps the likeliest tokens up to the one that reaches TOP_P.
        nucleus = sorted_p * (sorted_p.cumsum(0) - sorted_p < TOP_P)
        next_id = order[torch.multinomial(nucleus, 1, generator=generator)].item()
        if next_id == END_OF_TEXT:
            break
        ids.append(next_id)
    return ids[len(input_ids) :]


if __name__ == "__main__":
    main()
