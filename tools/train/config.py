"""A training run as a TOML file describes it; README.md says what each key means. Unknown keys are refused."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from gpt2 import Shape


@dataclass(frozen=True)
class Phase:
    """A stretch of a run with one mixture of groups."""

    n_tokens: int
    context: int
    n_sampled: int  # Tokens beside the right one in the sampled softmax; 0 for the full one.
    decays: bool  # The learning rate falls to zero over all the phases that say so, which come last.
    shares: dict[str, float]


@dataclass(frozen=True)
class Distillation:
    """Weights of the three losses of Sanh et al. 2019, and the temperature of the first."""

    teacher: Path
    temperature: float
    soft_targets: float
    labels: float
    cosine: float


@dataclass(frozen=True)
class Config:
    seed: int
    batch_tokens: int
    warmup_tokens: int
    checkpoint_steps: int
    average_steps: int
    muon_learning_rate: float
    adamw_learning_rate: float
    model: Shape
    phases: list[Phase]
    init_from: Path | None = None
    distillation: Distillation | None = None

    def __post_init__(self):
        decays = [phase.decays for phase in self.phases]
        if not any(decays) or decays != sorted(decays):
            raise ValueError("at least one phase must decay, and those that do must come last")
        for phase in self.phases:
            if phase.context > self.model.n_positions or self.batch_tokens % phase.context:
                raise ValueError(
                    f"context {phase.context} must divide batch_tokens {self.batch_tokens} "
                    f"and be at most n_positions, {self.model.n_positions}"
                )

    def groups(self):
        return sorted({group for phase in self.phases for group in phase.shares})


def read_config(file):
    """A run's TOML file; folders in it are relative to it."""
    fields = tomllib.loads(file.read_text())
    fields["model"] = Shape(**fields["model"])
    fields["phases"] = [Phase(**phase) for phase in fields["phases"]]
    if "init_from" in fields:
        fields["init_from"] = file.parent / fields["init_from"]
    if "distillation" in fields:
        distillation = fields["distillation"]
        fields["distillation"] = Distillation(**distillation | {"teacher": file.parent / distillation["teacher"]})
    return Config(**fields)
