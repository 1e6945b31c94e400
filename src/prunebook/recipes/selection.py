"""One selection of examples to label, by any of the methods of the norms paper."""

from dataclasses import dataclass, replace

import numpy as np

from prunebook.arrays.checks import choice, integer
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.cost import SHAPES
from prunebook.recipes.features import Features
from prunebook.recipes.streams import stream

THINNED = ("norm", "gram_schmidt", "uniform")  # what may stand after "+"
METHODS = (
    "uniform", "norm", "gram_schmidt", "typiclust", "probcover",
    *(f"{base}+{by}" for base in ("typiclust", "probcover") for by in THINNED),
)
CONTROLS = ("balanced_high", "balanced_low")  # equal counts a class from the upper or lower half of its norms


@dataclass(frozen=True)
class Radius(Recipe):
    """ProbCover's δ for these features by the purity heuristic of its authors."""

    features: Features = Features()
    purity: float = 0.95

    def needs(self, seed):
        return [(self.features, 0)]

    def run(self, context):
        from prunebook.selection import purity_delta

        train = context.result(self.features, seed=0).arrays["train"]
        classes = SHAPES[self.features.dataset][2]
        return Record({"delta": float(purity_delta(train, classes, purity=self.purity, seed=context.seed))})


@dataclass(frozen=True)
class Selection(Recipe):
    """`budget` examples chosen by `method`; "a+b" takes twice the budget by a, then thins it by b (section 4).

    `delta`: ProbCover's radius, 0 for the purity heuristic. `randomize=False` takes the largest norms.
    """

    features: Features = Features()
    method: str = "norm"
    budget: int = 10
    order: int = 2
    randomize: bool = True
    delta: float = 0.0

    def __post_init__(self):
        choice("method", self.method, METHODS + CONTROLS)
        integer("budget", self.budget, 1, SHAPES[self.features.dataset][3] // (2 if "+" in self.method else 1))
        choice("order", self.order, (1, 2, float("inf")))

    @property
    def candidates(self):
        """What a two-stage method thins, or None."""
        base, plus, _ = self.method.partition("+")
        return replace(self, method=base, budget=2 * self.budget, order=2, randomize=True) if plus else None

    def draw(self, seed):
        """The replicate that `seed` stands for: 0 always where nothing is random."""
        fixed = self.method == "probcover" or (not self.randomize and self.method in ("norm", "gram_schmidt"))
        return 0 if fixed else seed

    def needs(self, seed):
        wanted = [(self.features, 0)]
        if self.candidates:
            wanted.append((self.candidates, self.candidates.draw(seed)))
        if self.method == "probcover" and not self.delta:
            wanted.append((Radius(self.features), 0))
        return wanted

    def run(self, context):
        features = context.result(self.features, seed=0).arrays["train"]
        labels = context.dataset(self.features.dataset).train_labels.numpy()
        picked = self.pick(context, features, labels)
        counts = np.bincount(labels[picked], minlength=labels.max() + 1)
        norms = np.linalg.norm(features[picked].astype(np.float64), axis=1)
        return Record({
            "indices": [int(i) for i in picked], "class_counts": [int(c) for c in counts],
            "classes_covered": int((counts > 0).sum()), "mean_norm": float(norms.mean()),
        })

    def pick(self, context, features, labels):
        from prunebook import selection

        random = stream(context.seed, "selection", self.method, self.budget, self.order)
        base, _, thin = self.method.partition("+")
        if thin:
            first = context.result(self.candidates, seed=self.candidates.draw(context.seed)).metrics["indices"]
            return selection.refine(first, features, self.budget, by=thin, seed=random)
        if base in CONTROLS:
            return balanced(features, labels, self.budget, base == "balanced_high", random)
        if base == "uniform":
            return selection.uniform(len(features), self.budget, seed=random)
        if base == "norm":
            options = dict(order=self.order, randomize=self.randomize)
            return selection.norm_sampling(features, self.budget, seed=random, **options)
        if base == "gram_schmidt":
            options = dict(order=self.order, randomize=self.randomize, exhausted="restart")
            return selection.gram_schmidt(features, self.budget, seed=random, **options)
        if base == "typiclust":
            return selection.typiclust(features, self.budget, seed=random)
        delta = self.delta or context.result(Radius(self.features), seed=0).metrics["delta"]
        return selection.probcover(features, self.budget, delta=delta, exhausted="uniform", seed=random)


def balanced(features, labels, budget, high, random):
    """Equal counts a class, drawn uniformly from the half of the class with the larger (or smaller) norms."""
    norms, classes = np.linalg.norm(features, axis=1), np.unique(labels)
    picked = []
    for position, label in enumerate(classes):
        members = np.flatnonzero(labels == label)
        ranked = members[np.argsort(norms[members], kind="stable")]
        half = ranked[len(ranked) // 2 :] if high else ranked[: len(ranked) // 2]
        share = budget // len(classes) + (position < budget % len(classes))
        picked.append(random.choice(half, share, replace=False))
    return np.concatenate(picked)
