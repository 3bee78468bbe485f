"""From prose to tokens: reads GROUP.SPLIT.txt, cleans the training text, writes GROUP.SPLIT.bin.

    python corpus.py TEXT_FOLDER TOKEN_FOLDER

GROUP.SPLIT.txt has one paragraph per line, and a line <|endoftext|> between documents; SPLIT is train, valid or test.
GROUP.SPLIT.bin has GPT-2's token ids as little-endian uint16, with 50256 at the end of every document.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from gpt2 import END_OF_TEXT, TOKENIZER
from text_filter import refusal

SEPARATOR = "<|endoftext|>"
# Characters passed to the tokenizer at once: enough to keep its threads busy, few enough to fit in memory.
BATCH = 1 << 21


def main():
    parser = argparse.ArgumentParser(description="Turns prose into GPT-2's tokens.")
    parser.add_argument("texts", type=Path, metavar="TEXT_FOLDER")
    parser.add_argument("tokens", type=Path, metavar="TOKEN_FOLDER")
    args = parser.parse_args()
    files = sorted(args.texts.glob("*.*.txt"))
    if not files:
        parser.error(f"{args.texts} has no GROUP.SPLIT.txt")
    args.tokens.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    for file in files:
        is_train = file.name.endswith(".train.txt")
        dropped = Counter()
        ids = np.concatenate(list(tokenise(tokenizer, documents(file, is_train, dropped))))
        ids.astype("<u2").tofile(args.tokens / (file.name.removesuffix("txt") + "bin"))
        reasons = ", ".join(f"{n} paragraphs with {reason}" for reason, n in sorted(dropped.items()))
        print(f"{file.name}: {len(ids):,} tokens" + (f"; dropped {reasons}" if reasons else ""), flush=True)


def documents(file, is_cleaned, dropped):
    """Yields the documents of a file as text; `dropped` counts the paragraphs that the filter refuses, by reason.

    Cleaning also joins lines that break within a sentence, which are common in picture books.
    """
    paragraphs, can_join = [], False
    with file.open(encoding="utf-8") as lines:
        for line in [*lines, SEPARATOR]:
            line = line.rstrip("\n")
            if line != SEPARATOR:
                reason = refusal(line) if is_cleaned else None
                if reason is not None:
                    dropped[reason] += 1
                elif can_join and paragraphs[-1][-1:].isalnum() and line[:1].islower():
                    paragraphs[-1] += " " + line
                else:
                    paragraphs.append(line)
                can_join = is_cleaned and reason is None
            else:
                if paragraphs:
                    yield "\n".join(paragraphs)
                paragraphs, can_join = [], False


def tokenise(tokenizer, texts):
    """Yields an array of token ids for each document."""
    batch, n_characters = [], 0
    for text in texts:
        batch.append(text)
        n_characters += len(text)
        if n_characters >= BATCH:
            yield from encode(tokenizer, batch)
            batch, n_characters = [], 0
    yield from encode(tokenizer, batch)


def encode(tokenizer, batch):
    # The fast variant skips the offsets, which take most of the time and memory.
    return [np.array([*encoding.ids, END_OF_TEXT]) for encoding in tokenizer.encode_batch_fast(batch)]


if __name__ == "__main__":
    main()
