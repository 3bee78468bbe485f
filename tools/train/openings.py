"""Beginnings of paragraphs from the training text, for SmolLM2 to continue."""

import random
import re

import numpy as np

from gpt2 import END_OF_TEXT, NEWLINE
from mixture import read_tokens, token_file
from prompts import CONTINUATIONS, continued_group, is_continuation
from rules import MARKS, NOT_ASCII

PIECE = 4096  # tokens decoded at once
MIN_WORDS, MAX_WORDS = 24, 40
UNPLAIN = re.compile(r"[\[\]{}<>*_/()]|https?|www|\d{3}")


def openings_of(folder, numbers, seed, tokenizer):
    """{number: (group, opening)} for those of `numbers` that continue a text.

    Every opening is used once. A number has none if its group has no text or no opening left. A document keeps its
    opening when a later run writes more documents.
    """
    chosen = {number: continued_group(seed, number) for number in range(max(numbers) + 1) if is_continuation(number)}
    result = {}
    for group in CONTINUATIONS:
        if token_file(folder, group, "train").exists():
            found = openings(read_tokens(folder, group, "train"), random.Random(f"{seed} {group} openings"), tokenizer)
            its_numbers = (number for number, its_group in chosen.items() if its_group == group)
            result |= {number: (group, opening) for number, opening in zip(its_numbers, found)}
    return result


def openings(tokens, rng, tokenizer):
    """Yields every opening in `tokens` once, in random order, decoding piece by piece."""
    starts = [*range(0, len(tokens), PIECE)]
    rng.shuffle(starts)
    for start in starts:
        ids = tokens[start : start + PIECE]
        text = tokenizer.decode(np.where(ids == END_OF_TEXT, NEWLINE, ids).tolist())
        # The first and the last paragraph are incomplete.
        paragraphs = text.split("\n")[1:-1]
        rng.shuffle(paragraphs)
        yield from filter(None, (opening(paragraph, rng.randint(MIN_WORDS, MAX_WORDS)) for paragraph in paragraphs))


def opening(paragraph, n_words):
    """About the first `n_words` words of a longer paragraph of plain prose; None for any other paragraph."""
    words = paragraph.split(" ")
    n = min(n_words, len(words) - 3)
    text = " ".join(words[: max(n, 0)]).rstrip(",;:-\u2014 ")
    is_plain = re.match(r'["A-Z]', text) and not any(p.search(text) for p in (NOT_ASCII, MARKS, UNPLAIN))
    return text if n >= MIN_WORDS and is_plain else None
