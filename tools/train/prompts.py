"""Requests for everyday prose in 27 styles, each varied by topic, tone and people, from the lists in prompts.toml.

Every third document continues the beginning of a paragraph from the training text instead (openings.py).
"""

import random
import tomllib
from pathlib import Path
from typing import NamedTuple

LISTS = tomllib.loads(Path(__file__).with_name("prompts.toml").read_text())
STYLES = LISTS.pop("styles")
CONTINUATIONS = LISTS.pop("continuations")
LISTS = {kind: entries.splitlines() for kind, entries in LISTS.items()}
TOPICS = {name: style["topics"].splitlines() for name, style in STYLES.items()}


class Prompt(NamedTuple):
    style: str
    request: str
    opening: str  # of the reply; prevents "Sure, here is your e-mail", and varies the beginnings

    def chat(self):
        """Returns the request in SmolLM2's chat template, and the opening of the reply."""
        return f"<|im_start|>user\n{self.request}<|im_end|>\n<|im_start|>assistant\n", self.opening


def prompt(seed, number):
    """The prompt of document `number` (0, 1, ...) in the collection `seed`."""
    rng = random.Random(f"{seed} {number} request")
    name = drawn(rng, STYLES)
    style = STYLES[name]
    words = {kind: rng.choice(entries) for kind, entries in LISTS.items()}
    words["topic"] = rng.choice(TOPICS[name])
    words["other"] = words["name"]
    while words["other"] == words["name"]:
        words["other"] = rng.choice(LISTS["name"])
    request, opening = (rng.choice(style[kind]).format(**words) for kind in ("requests", "openings"))
    return Prompt(name, request, opening)


def is_continuation(number):
    return number % 3 == 2


def continued_group(seed, number):
    """The group of the corpus whose text document `number` continues."""
    return drawn(random.Random(f"{seed} {number} group"), CONTINUATIONS)


def continuation(seed, number, group, opening):
    rng = random.Random(f"{seed} {number} frame")
    return Prompt(group, rng.choice(CONTINUATIONS[group]["requests"]), opening)


def drawn(rng, kinds):
    return rng.choices([*kinds], [kind["weight"] for kind in kinds.values()])[0]
