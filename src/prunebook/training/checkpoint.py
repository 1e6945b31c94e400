"""Checkpoints of long trainings, so that a killed one goes on where it was."""

import os
import time
from pathlib import Path

import torch


class Checkpoint:
    """State of one training on disk: `load()` gives the last saved dict or None, `save(state)` replaces it.

    `every`: seconds that pass at least between two saves (`due()` says whether it is time). The file is written
    under a temporary name and renamed; a damaged one counts as none. With `path=None` nothing is kept.
    """

    def __init__(self, path=None, *, every=60.0):
        self.path, self.every, self.saved = path and Path(path), every, time.monotonic()

    def load(self):
        if self.path is None or not self.path.exists():
            return None
        try:
            return torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception:  # a half-written or foreign file: training starts again, which loses time, not truth
            return None

    def due(self):
        return self.path is not None and time.monotonic() - self.saved >= self.every

    def save(self, state):
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.partial")
        torch.save(state, partial)
        os.replace(partial, self.path)
        self.saved = time.monotonic()

    def remove(self):
        if self.path is not None:
            self.path.unlink(missing_ok=True)
