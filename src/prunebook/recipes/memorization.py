"""Scores beside the memorization values of the images that Data Diet looks at (appendix G), and beside a control."""

from dataclasses import dataclass

import numpy as np

from prunebook.arrays.checks import integer
from prunebook.arrays.ranks import mean_ranks, spearman
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.extremes import ANNOTATED
from prunebook.recipes.scoring import Averaged

MEMORIZED = ("cifar100",)  # data sets for which the authors of the values gave some of them out


@dataclass(frozen=True)
class Memorization(Recipe):
    """Averaged scores beside memorization values and C-scores, or beside a stand-in where there are neither.

    Arrays (M,): "indices" of the images with a memorization value (otherwise of all), "scores", and as far as there are
    such values "memorization" and "c_scores"; otherwise "disagreement", the share of the `neighbours` nearest images in
    pixel space that have another label. Metrics: `rho_` and the name of each, Spearman's ρ with the scores over these
    images; `rho_c_scores_all` over all images; `rank`, the median place of these images among all by score, 0 to 1.
    """

    score: Averaged = Averaged()
    neighbours: int = 20

    def __post_init__(self):
        integer("neighbours", self.neighbours, 1)

    def needs(self, seed):
        return self.score.needs(seed)

    def run(self, context):
        name = self.score.scores.trajectory.dataset
        data, scores = context.dataset(name), self.score.mean(context)
        indices, beside, metrics = np.arange(len(scores)), {}, {}
        if name in MEMORIZED:
            from prunebook.datasets.annotations import memorization

            pairs = memorization()
            indices, first = np.unique(pairs.train_index, return_index=True)  # an image is in one pair or in several
            beside["memorization"] = pairs.memorization[first]
        if name in ANNOTATED:
            from prunebook.datasets.annotations import c_scores

            every = c_scores(name)
            beside["c_scores"], metrics["rho_c_scores_all"] = every[indices], spearman(scores, every)
        if not beside:
            beside["disagreement"] = disagreement(data, self.neighbours)
        metrics |= {f"rho_{what}": spearman(scores[indices], values) for what, values in beside.items()}
        places = (mean_ranks(scores)[indices] - 0.5) / len(scores)
        metrics |= {"rank": float(np.median(places)), "images": len(indices)}
        arrays = {"indices": indices, "scores": scores[indices], **beside}
        return Record(metrics, {what: values.astype(kind(values)) for what, values in arrays.items()})


def kind(values):
    """The type a record keeps `values` in."""
    return np.int32 if values.dtype.kind in "iu" else np.float32


def disagreement(data, count):
    """Share (N,) of the `count` nearest training images, by Euclidean distance of pixels, that have another label."""
    import torch

    from prunebook.arrays.distances import neighbours

    integer("neighbours", count, 1, len(data.train_labels) - 1)
    _, found = neighbours(data.train_images.flatten(1).to(torch.float32), count)
    return (data.train_labels[found] != data.train_labels[:, None]).double().mean(1).numpy()
