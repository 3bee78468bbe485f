"""Makes the other engines' files from the random checkpoint: the same weights as ONNX (float32, int8) and GGUF (Q8_0),
the words for prompts, and the token that every engine must find.

    pip install -r requirements.txt
    python make_models.py CHECKPOINT_FOLDER TOKENIZER_JSON OUT_FOLDER
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from tokenizers import Tokenizer

from checkpoint import D_HEAD, N_HEAD, read_checkpoint
from gpt2_gguf import write_q8_0
from gpt2_onnx import cache_names, gpt2_graph, write_int8

N_CHECKED_TOKENS = 64


def one_token_words(tokenizer):
    """Lower-case English words that form one token with the space before them, so that texts have exact lengths."""
    candidates = [token[1:] for token in tokenizer.get_vocab() if token[0] == "Ġ" and len(token) > 3]
    texts = sorted(f" {word}" for word in candidates if word.isascii() and word.isalpha() and word.islower())
    encodings = [(tokenizer.encode(text).ids, text) for text in texts]
    return [(ids[0], text) for ids, text in encodings if len(ids) == 1]


def next_token_logits(session, ids):
    feed = {
        "input_ids": np.array([ids]),
        "attention_mask": np.ones((1, len(ids)), np.int64),
        "position_ids": np.arange(len(ids))[None],
        "num_logits_to_keep": np.array(1),
    }
    feed |= {name: np.zeros((1, N_HEAD, 0, D_HEAD), np.float32) for name in cache_names("past_key_values")}
    return session.run(["logits"], feed)[0][0, -1]


def find_check(session, words):
    """Picks the random prompt whose likeliest next token is a word with the clearest lead over the second.

    Quantisation does not change that token, and a wrong engine finds it by chance once in 50,257 times.
    """
    texts = dict(words)
    random = np.random.default_rng(0)
    checks = []
    for _ in range(96):
        prompt = [words[i] for i in random.integers(len(words), size=N_CHECKED_TOKENS)]
        logits = next_token_logits(session, [id for id, _ in prompt])
        second, first = np.argsort(logits)[-2:].tolist()
        if first in texts:
            checks.append((float(logits[first] - logits[second]), prompt, first))
    lead, prompt, first = max(checks)
    return {"prompt": prompt, "token": [first, texts[first]], "lead": lead}


def main(checkpoint_folder, tokenizer_json, out):
    weights = read_checkpoint(checkpoint_folder / "model.safetensors")
    # The layout of a repository on the hub, as transformers.js expects it.
    onnx_folder = out / "hub/distilgpt2-random/onnx"
    onnx_folder.mkdir(parents=True, exist_ok=True)
    model = json.loads((checkpoint_folder / "config.json").read_text())
    # Random weights must not end a text early.
    del model["eos_token_id"]
    (onnx_folder.parent / "config.json").write_text(json.dumps(model))
    (onnx_folder.parent / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}')
    shutil.copy(tokenizer_json, onnx_folder.parent / "tokenizer.json")

    onnx.save(gpt2_graph(weights, is_head_tied=True), onnx_folder / "model.onnx")
    write_int8(gpt2_graph(weights, is_head_tied=False), onnx_folder / "model_quantized.onnx")
    write_q8_0(weights, json.loads(tokenizer_json.read_text())["model"], out / "q8_0.gguf")

    session = onnxruntime.InferenceSession(onnx_folder / "model.onnx", providers=["CPUExecutionProvider"])
    words = one_token_words(Tokenizer.from_file(str(tokenizer_json)))
    check = find_check(session, words)
    print(f"{len(words)} words; expected token: {check['token']}, {check['lead']:.2f} ahead of the second")
    # Written last: its presence marks the folder as complete.
    (out / "prompts.json").write_text(json.dumps({"words": words, "check": check}))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
