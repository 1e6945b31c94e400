"""Recipes that cost nothing, and write a line to a log for every execution."""

import os
import time
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from prunebook.recipes.base import Recipe, Record


def note(*words):
    """Append one line to the log; O_APPEND keeps lines of several processes whole."""
    if path := os.environ.get("TOY_LOG"):
        with open(path, "a", encoding="utf-8") as log:
            log.write(" ".join(map(str, words)) + "\n")


@dataclass(frozen=True)
class ToySettings:
    rate: float = 0.1
    epochs: int = 3


@dataclass(frozen=True)
class ToyFeatures(Recipe):
    """An ingredient with arrays."""

    size: int = 4
    broken: bool = False

    def run(self, context):
        note("ToyFeatures", self.size, context.seed)
        if self.broken:
            raise ValueError("the features are broken")
        return Record({"mean": 1.5}, {"values": np.arange(self.size, dtype=np.float64) + context.seed})

    def flops(self):
        return 1e6 * self.size


@dataclass(frozen=True)
class ToyTraining(Recipe):
    """Stands on features; runs of one `slow` are fused; `bad_seed` raises, alone and in company."""

    group_limit: ClassVar[int] = 4

    features: ToyFeatures = ToyFeatures()
    settings: ToySettings = ToySettings()
    arm: int = 0
    slow: float = 0.0
    bad_seed: int = -1
    out_of_memory: int = 0

    def needs(self, seed):
        return [(self.features, 0)]

    @property
    def together(self):
        return replace(self, arm=0)

    def run(self, context):
        return self.run_together([self], [context])[0]

    @classmethod
    def run_together(cls, recipes, contexts):
        time.sleep(recipes[0].slow)
        if recipes[0].out_of_memory and len(recipes) > recipes[0].out_of_memory:
            note("OutOfMemory", len(recipes))
            raise MemoryError("could not allocate 8 GiB")
        made = []
        for recipe, context in zip(recipes, contexts, strict=True):
            if context.seed == recipe.bad_seed:
                raise ValueError("a bad\nseed")
            values = context.result(recipe.features, seed=0).arrays["values"]
            context.progress(1, 1)
            made.append(Record({"total": float(values.sum()) + recipe.arm, "arm_seed": [recipe.arm, context.seed]}))
        for recipe, context in zip(recipes, contexts, strict=True):
            note("ToyTraining", recipe.arm, context.seed, len(recipes))
        return made

    def flops(self):
        return 1e9


@dataclass(frozen=True)
class ToyLoner(Recipe):
    """Cannot be fused; has no counted operations; takes `slow` seconds."""

    arm: int = 0
    slow: float = 0.0

    def run(self, context):
        note("ToyLoner", self.arm, context.seed)
        time.sleep(self.slow)
        return Record({"value": self.arm + context.seed})


@dataclass(frozen=True)
class ToyForgetful(Recipe):
    """Uses an ingredient that it does not name."""

    def run(self, context):
        return Record({"mean": context.result(ToyFeatures(5), seed=2).metrics["mean"]})


@dataclass(frozen=True)
class ToyPrivate(Recipe):
    """Too large to ship."""

    publish: ClassVar[bool] = False

    def run(self, context):
        return Record({"value": 1}, {"large": np.zeros(3)})


@dataclass(frozen=True)
class ToyNoise(Recipe):
    """Bytes that do not compress."""

    bytes: int = 1000

    def run(self, context):
        noise = np.random.default_rng(context.seed).integers(0, 256, self.bytes, dtype=np.uint8)
        return Record({"value": 1}, {"noise": noise})


@dataclass(frozen=True)
class ToyPlain(Recipe):
    """Every type of field."""

    required: int
    rate: float = 0.5
    name: str = "a"
    flag: bool = False
    nothing: int | None = None
    several: tuple[float, ...] = (1.0, 2.0)
    inner: ToyFeatures = ToyFeatures()
    settings: ToySettings | None = None
    anything: object = None
