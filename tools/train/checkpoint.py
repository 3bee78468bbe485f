"""The state of a run on disk. A save writes a new file, then replaces the old one, so that a kill costs little."""

import os

import torch

NAME = "checkpoint.pt"


def save(folder, state):
    new = folder / (NAME + ".new")
    with new.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / NAME)


def load(folder):
    """Loads the last state saved in a run's folder onto the CPU; None if there is none yet."""
    file = folder / NAME
    return torch.load(file, map_location="cpu") if file.exists() else None
