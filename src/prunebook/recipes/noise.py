"""What a corrupted label does to the score of its example (Data Diet, figure 17)."""

from dataclasses import dataclass

import numpy as np

from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.scoring import Scores
from prunebook.recipes.trajectory import Trajectory


@dataclass(frozen=True)
class Corruption(Recipe):
    """Scores of one network trained with permuted labels, beside those of the network of that seed without.

    Both start from the same weights, and index i is the same image in both. Corrupted are the examples whose label
    is another one than before; those whose permuted label is the old one count as true. Metrics: `detection`, the
    probability that a corrupted example scores above a true one; `before`, the same of the same examples before the
    corruption; `raised`, the mean rise of a corrupted example's score; `rose`, the share of them that rise. Array
    "corrupted": indices, ascending, int32.
    """

    clean: Scores = Scores(Trajectory(), "el2n", 10)
    noisy: Scores = Scores(Trajectory(noise=0.1), "el2n", 10)

    def __post_init__(self):
        before, after = self.clean.trajectory, self.noisy.trajectory
        if before.noise or not after.noise:
            raise ValueError(f"clean, noisy: noise {before.noise!r} and {after.noise!r}; it must be 0 and above 0")
        for name in ("dataset", "model", "width", "stem"):
            one, other = getattr(before, name), getattr(after, name)
            if one != other:
                raise ValueError(f"noisy: its {name} is {other!r}; it must be {one!r}, as that of clean")
        for name in ("kind", "epoch"):
            one, other = getattr(self.clean, name), getattr(self.noisy, name)
            if one != other:
                raise ValueError(f"noisy: its {name} is {other!r}; it must be {one!r}, as that of clean")

    def needs(self, seed):
        return [(self.clean, seed), (self.noisy, seed)]

    def run(self, context):
        data = context.dataset(self.clean.trajectory.dataset)
        changed = self.noisy.trajectory.labels(data) != self.clean.trajectory.labels(data)
        before, after = (
            context.result(recipe, seed=context.seed).arrays["scores"].astype(np.float64)
            for recipe in (self.clean, self.noisy)
        )
        gaps = after[changed] - before[changed]
        return Record({
            "corrupted": int(changed.sum()), "true": int((~changed).sum()),
            "detection": probability_above(after[changed], after[~changed]),
            "before": probability_above(before[changed], before[~changed]),
            "raised": float(gaps.mean()), "rose": float((gaps > 0).mean()),
            "mean_corrupted": float(after[changed].mean()), "mean_true": float(after[~changed].mean()),
            "mean_corrupted_before": float(before[changed].mean()),
        }, {"corrupted": np.flatnonzero(changed).astype(np.int32)})


def probability_above(a, b):
    """P(a > b) + P(a = b) / 2 for random members of a (n,) and b (m,): the area under the ROC curve of a against b.

    ValueError if one of them is empty or holds NaN.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    for name, values in (("a", a), ("b", b)):
        if values.ndim != 1 or not values.size or np.isnan(values).any():
            raise ValueError(f"{name}: shape {values.shape}, with or without NaN; it must be numbers (n,), n > 0")
    b = np.sort(b)
    return float((np.searchsorted(b, a, "left") + np.searchsorted(b, a, "right")).mean() / (2 * b.size))
