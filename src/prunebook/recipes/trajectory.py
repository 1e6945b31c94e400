"""Networks trained on all of the data, with their weights on the way: what the scores of Data Diet are taken from."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prunebook.arrays.checks import integer
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.cost import SHAPES, training_flops
from prunebook.recipes.streams import stream, torch_seed
from prunebook.training.settings import Training


@dataclass(frozen=True)
class Trajectory(Recipe):
    """One network trained on the whole training set; keeps the weights after the epochs `at` (Data Diet, B.2).

    `noise`: share of the training labels that is permuted before anything else (B.3), drawn from `noise_seed`, so
    that all networks see the same noise. Arrays: "epoch/parameter", and "correct", "seen": (epochs, N) as packed bits.
    """

    publish: ClassVar[bool] = False  # weights of every checkpoint; the scores taken from them are shipped

    dataset: str = "cifar10"
    model: str = "resnet18"
    width: int | None = 64
    stem: str = "small"
    training: Training = Training(
        epochs=200, drop_last=True, nesterov=True, schedule="steps", milestones=(60, 120, 160), decay=0.2,
        precision="bfloat16",
    )
    at: tuple = (10, 20, 200)
    noise: float = 0.0
    noise_seed: int = 0

    def __post_init__(self):
        noise_share(self.noise)
        object.__setattr__(self, "at", tuple(integer("at", epoch, 1, self.training.epochs) for epoch in self.at))

    def network(self, seed):
        """The network at initialisation, drawn from `seed`: the same with and without noise and for any `training`."""
        return initial(self.model, self.dataset, self.width, self.stem, torch_seed(seed, "Trajectory", "network"))

    def labels(self, data):
        """The training labels (N,) as this training sees them, int64."""
        return noisy(data, self.noise, self.noise_seed)[0]

    def run(self, context):
        import torch

        from prunebook.training.loop import evaluate
        from prunebook.training.observed import train_observed

        data, network = context.dataset(self.dataset), self.network(context.seed)
        scale = dict(mean=data.mean, std=data.std, device=context.device)
        history, seen = train_observed(
            network, data.train_images, torch.from_numpy(self.labels(data)), self.training, at=self.at,
            seed=torch_seed(context.seed, "Trajectory", "order"), checkpoint=context.checkpoint,
            progress=context.progress, **scale,
        )
        accuracies, arrays = [], {}
        for epoch in self.at:
            network.load_state_dict(seen.weights[epoch])
            accuracies.append(100 * evaluate(
                network, data.test_images, data.test_labels, precision=self.training.precision, **scale
            ))
            arrays |= {f"{epoch}/{name}": value.numpy() for name, value in seen.weights[epoch].items()}
        for name, bits in (("correct", seen.correct), ("seen", seen.seen)):
            arrays[name] = np.packbits(bits.numpy(), axis=1)
        metrics = {"at": list(self.at), "test_accuracy": accuracies, "train_accuracy": 100 * history.train_accuracy}
        return Record(metrics, arrays)

    def flops(self):
        images = self.training.epochs * SHAPES[self.dataset][3]
        return training_flops(self.model, self.dataset, self.width, self.stem, images)


def initial(model, dataset, width, stem, seed):
    """An untrained network for `dataset`, its weights drawn from `seed`."""
    import torch

    from prunebook import models

    channels, _, classes, _, _ = SHAPES[dataset]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return models.build(model, classes, in_channels=channels, width=width, stem=stem)


def noise_share(noise):
    """Raise ValueError unless `noise` is a share of the training labels, from 0 to 1."""
    if isinstance(noise, bool) or not isinstance(noise, (int, float)) or not 0 <= noise <= 1:
        raise ValueError(f"noise: {noise!r} is not valid; it must be a share of the labels, from 0 to 1")


def noisy(data, share, seed):
    """Training labels (N,) with a `share` permuted, and the indices of those examples."""
    from prunebook.datasets.noise import permute_labels

    labels = data.train_labels.numpy()
    if not share:
        return labels, np.array([], dtype=np.int64)
    return permute_labels(labels, share, seed=stream(seed, "label noise"))
