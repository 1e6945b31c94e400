"""What a training is, apart from its data, network and seed: a plain value that imports no torch."""

import math
import numbers
from dataclasses import dataclass

from prunebook.arrays.checks import choice, integer, positive


def _share(argument, value):
    """Return `value` as a float in [0, 1); otherwise a ValueError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < 1:
        raise ValueError(f"{argument}: {value!r} is not valid; it must be a number from 0 to below 1")
    return float(value)


@dataclass(frozen=True)
class Training:
    """Settings of one training; exactly one of `epochs` and `steps` is above 0. Raises ValueError for bad values.

    `batch_size` of at least the subset's size takes the whole subset in one batch. `schedule`: "cosine" falls to 0,
    "constant", or "steps" multiplies by `decay` at each of `milestones`, counted in what `schedule_by` names.
    """

    epochs: int = 0  # passes over the subset
    steps: int = 0  # optimizer steps; the subset is passed over again until they are done
    batch_size: int = 128
    drop_last: bool = False
    optimizer: str = "sgd"  # "sgd" or "adam"; momentum and nesterov belong to sgd
    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 5e-4  # on every parameter, as torch's optimizers apply it
    schedule: str = "cosine"  # "cosine", "constant" or "steps"
    schedule_by: str = "epoch"  # "epoch" or "step": when the learning rate changes
    milestones: tuple = ()
    decay: float = 0.1
    augment: str = "crop_flip"  # "crop_flip" (padding 4, black) or "none"
    precision: str = "float32"  # "float32", "bfloat16" (autocast) or "float64"

    def __post_init__(self):
        integer("epochs", self.epochs, 0)
        integer("steps", self.steps, 0)
        if bool(self.epochs) == bool(self.steps):
            given = "both" if self.epochs else "neither"
            raise ValueError(f"epochs, steps: {given} given; exactly one of them must be at least 1")
        integer("batch_size", self.batch_size, 1)
        choice("optimizer", self.optimizer, ("sgd", "adam"))
        positive("lr", self.lr)
        _share("momentum", self.momentum)
        if self.optimizer == "sgd" and self.nesterov and not self.momentum:
            raise ValueError("nesterov: True needs a momentum above 0")
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(f"weight_decay: {self.weight_decay!r} is not valid; it must be 0 or a positive number")
        choice("schedule", self.schedule, ("cosine", "constant", "steps"))
        choice("schedule_by", self.schedule_by, ("epoch", "step"))
        choice("augment", self.augment, ("crop_flip", "none"))
        choice("precision", self.precision, ("float32", "bfloat16", "float64"))
        object.__setattr__(self, "milestones", tuple(integer("milestones", m, 1) for m in self.milestones))
        if (self.schedule == "steps") != bool(self.milestones):
            raise ValueError("milestones: given if and only if schedule is 'steps', e.g. (100, 150)")
        positive("decay", self.decay)

    def plan(self, examples):
        """How a subset of `examples` is passed over: (steps an epoch, steps in all, epochs begun)."""
        batch = min(self.batch_size, examples)
        each = examples // batch if self.drop_last else math.ceil(examples / batch)
        steps = self.steps or self.epochs * each
        return each, steps, math.ceil(steps / each)

    def rate(self, epoch, step, epochs, steps):
        """Learning rate of 0-based `step` in 0-based `epoch`, out of `epochs` and `steps`."""
        done, total = (epoch, epochs) if self.schedule_by == "epoch" else (step, steps)
        if self.schedule == "cosine":
            return self.lr * 0.5 * (1 + math.cos(math.pi * done / total))
        return self.lr * self.decay ** sum(done >= m for m in self.milestones)
