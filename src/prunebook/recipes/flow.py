"""The picture of a subset selection: images, their features in the plane, the chosen ones."""

from dataclasses import dataclass

import numpy as np

from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.selection import Selection
from prunebook.recipes.streams import stream


@dataclass(frozen=True)
class Flow(Recipe):
    """What norms figure 1 (left) draws: a few images, `points` features by their principal plane, the selection."""

    selection: Selection = Selection()
    images: int = 24
    points: int = 1500

    def needs(self, seed):
        return [(self.selection, self.selection.draw(seed)), (self.selection.features, 0)]

    def run(self, context):
        data = context.dataset(self.selection.features.dataset)
        features = context.result(self.selection.features, seed=0).arrays["train"].astype(np.float64)
        picked = context.result(self.selection, seed=self.selection.draw(context.seed)).metrics["indices"]
        centred = features - features.mean(0)
        _, axes = np.linalg.eigh(centred.T @ centred)
        plane = centred @ axes[:, [-1, -2]]
        explained = plane.var(0).sum() / centred.var(0).sum()
        sample = stream(context.seed, "flow").permutation(len(plane))
        images = data.train_images.numpy()
        return Record(
            {"labels": [data.class_names[int(data.train_labels[i])] for i in picked], "explained": float(explained)},
            {
                "pool": images[sample[: self.images]], "chosen": images[picked],
                "points": plane[sample[: self.points]].astype(np.float32), "picks": plane[picked].astype(np.float32),
            },
        )
