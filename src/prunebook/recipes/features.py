"""What selection sees of the data: SimCLR encoders, features and their norms."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.cost import SHAPES, training_flops


@dataclass(frozen=True)
class SimCLR(Recipe):
    """A SimCLR encoder; the defaults are the recipe of norms section 4 with what its code fixes (method facts).

    `epochs=0` is a randomly initialised network. `expand`: channels of a last 1×1 convolution, 0 for none.
    `crop`: side of the training views in pixels, 0 for that of the images.
    """

    dataset: str = "cifar10"
    model: str = "resnet18"
    width: int | None = 64
    stem: str = "small"
    expand: int = 0
    epochs: int = 500
    batch_size: int = 512
    lr: float = 0.4
    warmup: float = 0.0
    floor: float = 1e-3
    weight_decay: float = 1e-4
    decay_all: bool = True
    nesterov: bool = False
    temperature: float = 0.1
    both: bool = False
    crop: int = 0
    precision: str = "bfloat16"

    def encoder(self, seed):
        """The network at initialisation, drawn from `seed`."""
        import torch

        from prunebook.features.simclr import Encoder

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return Encoder(
                self.model, in_channels=SHAPES[self.dataset][0], width=self.width, stem=self.stem, expand=self.expand
            )

    def run(self, context):
        from prunebook.features.extract import knn_accuracy
        from prunebook.features.simclr import train_simclr
        from prunebook.features.weights import pack

        data, encoder = context.dataset(self.dataset), self.encoder(context.seed)
        seconds = 0.0
        if self.epochs:
            seconds = train_simclr(
                encoder, data.train_images, data.mean, data.std, epochs=self.epochs, batch_size=self.batch_size,
                lr=self.lr, warmup=self.warmup, floor=self.floor, weight_decay=self.weight_decay,
                decay_all=self.decay_all, nesterov=self.nesterov, temperature=self.temperature, both=self.both,
                crop=self.crop or None, precision=self.precision, seed=context.seed, device=context.device,
                checkpoint=context.checkpoint, progress=context.progress,
            )
        weights = pack(encoder)
        train, test = encode(weights, self, data, context.device)
        labels = data.train_labels, data.test_labels
        metrics = {
            "knn_accuracy": knn_accuracy(train, labels[0], test, labels[1], k=20),
            "probe_accuracy": probe_everything(train, labels[0], test, labels[1], data.num_classes),
            "training_seconds": seconds, "features": train.shape[1],
        }
        return Record(metrics, weights)

    def flops(self):
        images = SHAPES[self.dataset][3] * 2 * self.epochs
        return training_flops(self.model, self.dataset, self.width, self.stem, images, side=self.crop or None)


def encode(weights, recipe, data, device):
    """Features of a whole data set from stored fp16 weights: (N, d) and (M, d) float32 tensors on the CPU."""
    from prunebook.features.extract import extract
    from prunebook.features.weights import unpack

    encoder = recipe.encoder(0)
    unpack(encoder, weights)
    sides = (data.train_images, data.test_images)
    return tuple(extract(encoder, images, mean=data.mean, std=data.std, device=device).cpu() for images in sides)


def probe_everything(train, train_labels, test, test_labels, num_classes):
    """Test accuracy of one linear classifier on all normalised training features."""
    import torch
    from torch.nn.functional import normalize

    from prunebook.training.probe import evaluate_probes, train_probes

    train, test = normalize(train), normalize(test)
    everything = torch.arange(len(train))[None]
    fitted = train_probes(train, train_labels, everything, num_classes, epochs=200, weight_decay=0.0, seeds=[0])
    return float(evaluate_probes(*fitted, test, test_labels)[0])


@dataclass(frozen=True)
class Features(Recipe):
    """Features of a data set: "simclr" or "random" (of `encoder`), or "pixels" (flattened, in [0, 1])."""

    publish: ClassVar[bool] = False

    dataset: str = "cifar10"
    kind: str = "simclr"
    encoder: SimCLR | None = None
    encoder_seed: int = 0

    def needs(self, seed):
        return [(self.encoder, self.encoder_seed)] if self.encoder else []

    def run(self, context):
        data = context.dataset(self.dataset)
        if self.encoder is None:
            train, test = (x.flatten(1).float().div(255) for x in (data.train_images, data.test_images))
        else:
            weights = context.result(self.encoder, seed=self.encoder_seed).arrays
            train, test = encode(weights, self.encoder, data, context.device)
        return Record({"dimensions": train.shape[1]}, {"train": train.numpy(), "test": test.numpy()})


@dataclass(frozen=True)
class FeatureNorms(Recipe):
    """Norms of all training features (norms eq. 1): the array and its summary."""

    features: Features = Features()
    order: int = 2

    def needs(self, seed):
        return [(self.features, 0)]

    def run(self, context):
        train = context.result(self.features, seed=0).arrays["train"]
        norms = np.linalg.norm(train.astype(np.float64), ord=self.order, axis=1)
        metrics = {"mean": norms.mean(), "deviation": norms.std(ddof=1), "variation": norms.std(ddof=1) / norms.mean()}
        return Record({k: float(v) for k, v in metrics.items()}, {"norms": norms.astype(np.float32)})
