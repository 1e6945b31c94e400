"""The images of smallest and largest score in each class, and whether people find the largest harder (Data Diet, C)."""

from dataclasses import dataclass

import numpy as np

from prunebook.arrays.checks import choice, integer, share
from prunebook.arrays.ranks import spearman
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.scoring import Averaged

# Data sets with C-scores and with labels by people, and which of these labels are one person's each.
ANNOTATED = {"cifar10": ("random1", "random2", "random3"), "cifar100": ("fine",)}


@dataclass(frozen=True)
class Extremes(Recipe):
    """The `each` (0: none) images of smallest and of largest averaged score in every class; ties by index.

    Arrays "smallest", "largest": uint8 (classes, each, C, H, W), the most extreme first; with "_indices" and "_scores"
    (classes, each). Metrics, where the data set is annotated, for `human` (share of annotators who disagree with the
    label, in percent) and `c_score` (high is easy): `_rho`, Spearman's ρ with the score; `_smallest` and `_largest`,
    the means over that `share` of every class; the same `_overall`, of all images at once; `_mean` of all images.
    """

    score: Averaged = Averaged()
    each: int = 2
    share: float = 0.05

    def __post_init__(self):
        integer("each", self.each, 0)
        share("share", self.share)

    def needs(self, seed):
        return self.score.needs(seed)

    def run(self, context):
        name = self.score.scores.trajectory.dataset
        data = context.dataset(name)
        labels, scores = data.train_labels.numpy(), self.score.mean(context)
        order = by_class(scores, labels, data.num_classes)
        images, arrays = data.train_images.numpy(), {}
        smallest = min(map(len, order))
        integer("each", self.each, 0, smallest)
        for end, step in (("smallest", 1), ("largest", -1)) if self.each else ():
            chosen = np.stack([members[::step][: self.each] for members in order])
            arrays |= {
                end: images[chosen], f"{end}_indices": chosen, f"{end}_scores": scores[chosen].astype(np.float32),
            }
        metrics = {"classes": list(data.class_names), "examples": len(labels)}
        for measure, values in difficulty(name, labels).items() if name in ANNOTATED else ():
            metrics |= {f"{measure}_{what}": value for what, value in self.compare(scores, values, order).items()}
        return Record(metrics, arrays)

    def compare(self, scores, values, order):
        """How `values` (N,) go with `scores` (N,): ρ, and means at both ends, within classes (`order`) and over all."""
        overall = np.argsort(scores, kind="stable")
        return {
            "rho": spearman(scores, values),
            "mean": float(values.mean()),
            "smallest": float(np.mean([values[members[: self.size(members)]].mean() for members in order])),
            "largest": float(np.mean([values[members[-self.size(members) :]].mean() for members in order])),
            "smallest_overall": float(values[overall[: self.size(overall)]].mean()),
            "largest_overall": float(values[overall[-self.size(overall) :]].mean()),
        }

    def size(self, members):
        """How many of `members` are the share at one end, at least one."""
        return max(1, round(self.share * len(members)))


def by_class(scores, labels, classes):
    """For each class the indices of its examples, ascending by score, ties by index."""
    order = np.argsort(scores, kind="stable")
    return [order[labels[order] == label] for label in range(classes)]


def difficulty(dataset, labels):
    """How hard the examples of an annotated data set are: {"human": (N,) percent who disagree, "c_score": (N,)}."""
    from prunebook.datasets.annotations import c_scores, human_labels

    columns = ANNOTATED[choice("dataset", dataset, tuple(ANNOTATED))]
    given = human_labels(dataset)
    disagree = np.mean([given[column] != labels for column in columns], axis=0)
    return {"human": 100 * disagree, "c_score": c_scores(dataset)}
