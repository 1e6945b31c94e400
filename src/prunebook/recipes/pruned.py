"""Test accuracy after training on what a score keeps, with the same number of steps whatever is kept (Data Diet)."""

from dataclasses import dataclass

import numpy as np

from prunebook.arrays.checks import integer
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.cost import SHAPES, training_flops
from prunebook.recipes.scoring import Averaged
from prunebook.recipes.streams import stream, torch_seed
from prunebook.recipes.trajectory import initial, noise_share, noisy
from prunebook.training.settings import Training


def window(scores, keep, offset=None, *, random):
    """Indices of the examples kept: `keep` and `offset` are shares of N, in ascending order of `scores` (N,).

    The lowest round(offset·N) are dropped, the next round(keep·N) kept, the rest dropped (B.3); `offset=None` keeps
    the highest. Ties are broken by `random`, a numpy Generator. ValueError unless 0 < keep and offset + keep <= 1.
    """
    scores = np.asarray(scores)
    if scores.ndim != 1 or np.isnan(scores).any():
        raise ValueError(f"scores: shape {scores.shape}, with or without NaN; they must be numbers (N,)")
    size, first = bounds(len(scores), keep, offset)
    return np.sort(np.lexsort((random.random(len(scores)), scores))[first : first + size])


def bounds(examples, keep, offset):
    """Number kept and the rank of the first one kept, out of `examples`."""
    if isinstance(keep, bool) or not 0 < keep <= 1:
        raise ValueError(f"keep: {keep!r} is not valid; it must be a share of the data, above 0 and at most 1")
    size = round(keep * examples)
    if size < 1:
        raise ValueError(f"keep: {keep!r} of {examples} examples is none; it must be at least {1 / examples:.2g}")
    if offset is None:
        return size, examples - size
    if isinstance(offset, bool) or not 0 <= offset <= 1:
        raise ValueError(f"offset: {offset!r} is not valid; it must be a share of the data, from 0 to 1")
    first = round(offset * examples)
    if first + size > examples and offset + keep > 1 + 1e-9:  # two halves that are both rounded up still fit
        raise ValueError(f"offset: {offset!r} with keep {keep!r} goes beyond the data; at most {1 - keep:.6g} is valid")
    return size, min(first, examples - size)


@dataclass(frozen=True)
class PrunedAccuracy(Recipe):
    """A network trained from scratch on a share `keep` of the training set and tested.

    `score=None` keeps a random share, drawn anew for each replicate; otherwise a window of the ranking by the averaged
    score (`offset`, None: the highest), trained with the labels of the score's networks. `curve`: number of test
    accuracies on the way, evenly spaced in epochs of the subset, the last one at the end.
    """

    dataset: str = "cifar10"
    score: Averaged | None = None
    keep: float = 0.5
    offset: float | None = None
    noise: float = 0.0
    noise_seed: int = 0
    curve: int = 1
    model: str = "resnet18"
    width: int | None = 64
    stem: str = "small"
    training: Training = Training(
        steps=78_000, drop_last=True, nesterov=True, schedule="steps", schedule_by="step",
        milestones=(60 * 390, 120 * 390, 160 * 390), decay=0.2, precision="bfloat16",
    )

    def __post_init__(self):
        integer("curve", self.curve, 1)
        noise_share(self.noise)
        bounds(SHAPES[self.dataset][3], self.keep, self.offset)
        if self.score is None:
            if self.offset is not None:
                raise ValueError(f"offset: {self.offset!r} without a score; a random share has no ranking")
            return
        scored = self.score.scores
        for name in ("dataset", "noise", "noise_seed")[: 1 if scored.kind == "input_norm" else 3]:
            theirs, ours = getattr(scored.trajectory, name), getattr(self, name)
            if theirs != ours:
                raise ValueError(f"score: it was made with {name} {theirs!r}; it must be {ours!r}")

    @property
    def arm(self):
        """Words that tell the random numbers of one arm from those of another."""
        of = () if self.score is None else self.score.words
        offset = None if self.offset is None else float(self.offset)  # 1 and 1.0 are one value to a run's identity
        return ("PrunedAccuracy", *of, float(self.keep), offset, float(self.noise))

    def needs(self, seed):
        return self.score.needs(seed) if self.score else []

    def run(self, context):
        import torch

        from prunebook.training.batches import DTYPES, Batches
        from prunebook.training.device import resolve_device
        from prunebook.training.loop import evaluate, fit
        from prunebook.training.observed import fitting

        data, device = context.dataset(self.dataset), resolve_device(context.device)
        labels = torch.from_numpy(noisy(data, self.noise, self.noise_seed)[0])
        kept = self.kept(context, len(labels))
        seed = torch_seed(context.seed, *self.arm, "network")
        network = initial(self.model, self.dataset, self.width, self.stem, seed)
        network.to(device, DTYPES[self.training.precision], memory_format=torch.channels_last)
        scale, settings = dict(mean=data.mean, std=data.std), self.training
        batches = Batches(
            data.train_images.to(device), labels.to(device), torch.from_numpy(kept)[None], settings,
            [torch_seed(context.seed, *self.arm, "order")], **scale,
        )
        each, steps, epochs = settings.plan(len(kept))
        points = {max(1, round(epochs * (i + 1) / self.curve)) for i in range(self.curve - 1)} - {epochs}
        curve = []

        def test():
            return 100 * evaluate(network, data.test_images, data.test_labels, precision=settings.precision,
                                  device=device, **scale)

        def after(done, total, **values):
            if done in points:
                curve.append([done * each, test()])
            context.progress(done, total, **values)

        # No checkpoint where a curve is asked for: one that goes on would lack the points before it.
        with fitting(batches.size, data.train_images, device):
            history = fit(network, batches, settings, progress=after,
                          checkpoint=context.checkpoint if self.curve == 1 else None)[0]
        accuracy = test()
        counts = torch.bincount(data.train_labels[torch.from_numpy(kept)], minlength=data.num_classes)
        return Record({
            "accuracy": accuracy, "train_accuracy": 100 * history.train_accuracy, "examples": len(kept),
            "steps": history.steps, "curve": [*curve, [steps, accuracy]], "class_counts": counts.tolist(),
        })

    def kept(self, context, examples):
        """Indices of the examples that this replicate trains on."""
        random = stream(context.seed, "kept", *self.arm)
        if self.score is None:
            return np.sort(random.choice(examples, bounds(examples, self.keep, None)[0], replace=False))
        return window(self.score.mean(context), self.keep, self.offset, random=random)

    def flops(self):
        training, tests = self.training, (self.curve - 1) * SHAPES[self.dataset][4] / 3
        size = bounds(SHAPES[self.dataset][3], self.keep, self.offset)[0]
        images = training.plan(size)[1] * min(training.batch_size, size)
        return training_flops(self.model, self.dataset, self.width, self.stem, images + tests)
