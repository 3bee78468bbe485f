"""Requests for everyday prose in nine styles, each varied by topic, tone and people, from the lists in prompts.toml."""

import random
import tomllib
from pathlib import Path
from typing import NamedTuple

LISTS = tomllib.loads(Path(__file__).with_name("prompts.toml").read_text())
STYLES = LISTS.pop("styles")


class Prompt(NamedTuple):
    style: str
    request: str
    opening: str  # of the reply; keeps the model from "Sure, here is your e-mail" and from one beginning for all


def prompt(seed, number):
    """The prompt of document `number` (0, 1, ...) in the collection `seed`."""
    rng = random.Random(f"{seed} {number} prompt")
    style = rng.choice(list(STYLES))
    words = {kind: rng.choice(entries.splitlines()) for kind, entries in LISTS.items()}
    words["topic"] = rng.choice(STYLES[style]["topics"].splitlines())
    words["other"] = rng.choice([name for name in LISTS["name"].splitlines() if name != words["name"]])
    request, opening = (rng.choice(STYLES[style][kind]).format(**words) for kind in ("requests", "openings"))
    return Prompt(style, request, opening)
