"""The settings of a training run, read from a TOML file. README.md explains the keys; unknown ones are refused."""

import tomllib
from dataclasses import dataclass

from gpt2 import Shape


@dataclass(frozen=True)
class Config:
    seed: int
    n_layer: int
    n_embd: int
    n_head: int
    n_positions: int
    n_tokens: int
    n_windows: int
    muon_learning_rate: float
    adamw_learning_rate: float
    average_steps: int
    checkpoint_steps: int
    shares: dict[str, float]

    @property
    def shape(self):
        return Shape(self.n_layer, self.n_embd, self.n_head, self.n_positions)

    @property
    def batch_tokens(self):
        return self.n_windows * self.n_positions


def read_config(file):
    return Config(**tomllib.loads(file.read_text()))
