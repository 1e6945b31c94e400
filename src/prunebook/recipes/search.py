"""Scores from the networks that a search for hyper-parameters trains anyway (Data Diet, E.4)."""

from dataclasses import dataclass, replace

import numpy as np

from prunebook.arrays.checks import integer
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.scoring import Scores


@dataclass(frozen=True)
class Search(Recipe):
    """Scores averaged over one network for each point of a grid of learning rates and weight decays.

    Stands in `PrunedAccuracy.score` where `Averaged` does; a recipe, because there may also be a run of it alone. The
    networks are the replicates `first`, `first` + 1, …, a point each, beyond those that `Averaged` takes from its pool:
    otherwise the two would share initial weights and, at the setting of the paper, a whole network.
    """

    scores: Scores = Scores()
    rates: tuple[float, ...] = (0.2, 0.1, 0.05)
    decays: tuple[float, ...] = (0.001, 0.0005, 0.0001)
    first: int = 10

    def __post_init__(self):
        for name in ("rates", "decays"):
            if not getattr(self, name):
                raise ValueError(f"{name}: nothing to search; there must be at least one value")
            # 1 and 1.0 are one value to a run's identity, but not to the words that random numbers are drawn from
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
        if not self.scores.trained:
            raise ValueError(
                f"scores: {self.scores.kind!r} at epoch {self.scores.epoch} depends on no training; a search needs "
                "scores of trained networks"
            )
        integer("first", self.first, 0)
        self.needs(0)  # settings that no training takes are an error now, not when they are run

    @property
    def words(self):
        """What tells these scores from others of the same data, for random numbers."""
        of = self.scores
        return "Search", of.kind, of.epoch, of.labels, of.trajectory.model, *self.rates, *self.decays

    def needs(self, seed):
        """The scores of every network of the grid, whatever the replicate of what is made from them."""
        grid = [(rate, decay) for rate in self.rates for decay in self.decays]
        return [(self.at(*point), self.first + place) for place, point in enumerate(grid)]

    def at(self, rate, decay):
        """The Scores of a network trained with these two."""
        of = self.scores.trajectory
        return replace(
            self.scores, trajectory=replace(of, training=replace(of.training, lr=rate, weight_decay=decay))
        )

    def mean(self, context):
        """The averaged scores (N,), float64; infinite where any network never learned the example."""
        found = [context.result(scores, seed=member) for scores, member in self.needs(context.seed)]
        return np.mean([record.arrays["scores"].astype(np.float64) for record in found], 0)

    def run(self, context):
        return Record({}, {"scores": self.mean(context).astype(np.float32)})
