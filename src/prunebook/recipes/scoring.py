"""Scores of all training examples by one network, and their mean over networks (Data Diet, sections 2 and B.3)."""

from dataclasses import dataclass

import numpy as np

from prunebook.arrays.checks import choice, integer
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.checkpoints import restored
from prunebook.recipes.cost import SHAPES, forward_flops
from prunebook.recipes.streams import stream
from prunebook.recipes.trajectory import Trajectory

FROM_WEIGHTS = ("el2n", "grand", "label_free_1", "label_free_2", "label_free_3")
KINDS = (*FROM_WEIGHTS, "forgetting", "input_norm")


@dataclass(frozen=True)
class Scores(Recipe):
    """Scores (N,) of the whole training set from the network that replicate `seed` of `trajectory` trains.

    `epoch`: the checkpoint; 0 is the network as initialised, which no training touched and which needs none.
    "forgetting" counts events on the mini-batches as trained, over all epochs, infinite where an example was never
    correct; "input_norm" is the norm of the normalised image and needs no network. `labels="permuted"` scores with
    all labels permuted, drawn anew for each replicate, at the same weights.
    """

    trajectory: Trajectory = Trajectory()
    kind: str = "el2n"
    epoch: int = 20
    labels: str = "given"  # or "permuted"

    def __post_init__(self):
        choice("kind", self.kind, KINDS)
        choice("labels", self.labels, ("given", "permuted"))
        if self.kind in FROM_WEIGHTS:
            choice("epoch", self.epoch, (0, *self.trajectory.at))

    @property
    def trained(self):
        """Whether a training comes before the scores."""
        return self.kind == "forgetting" or (self.kind != "input_norm" and self.epoch > 0)

    def needs(self, seed):
        return [(self.trajectory, seed)] if self.trained else []

    def run(self, context):
        data = context.dataset(self.trajectory.dataset)
        if self.kind == "input_norm":
            return Record({}, {"scores": rounded(input_norms(data))})
        metrics, stored = {}, None
        if self.trained:
            stored = context.result(self.trajectory, seed=context.seed)
            at = len(self.trajectory.at) - 1 if self.kind == "forgetting" else self.trajectory.at.index(self.epoch)
            metrics = {"test_accuracy": stored.metrics["test_accuracy"][at]}
        if self.kind == "forgetting":
            values, never = forgetting(stored, SHAPES[self.trajectory.dataset][3])
            metrics["never_learned"] = int(never)
        else:
            values = self.from_weights(context, data, stored)
        metrics["mean"] = float(np.mean(values[np.isfinite(values)]))
        return Record(metrics, {"scores": rounded(values)})

    def from_weights(self, context, data, stored):
        """The score of the network at the checkpoint, in evaluation mode, without augmentation."""
        import torch

        from prunebook import scores
        from prunebook.datasets.augment import normalize

        network = restored(self.trajectory.network(context.seed), stored, self.epoch)
        labels = torch.tensor(self.trajectory.labels(data))
        if self.labels == "permuted":
            order = stream(context.seed, "permuted labels").permutation(len(labels))
            labels = labels[torch.from_numpy(order)]
        images = normalize(data.train_images, data.mean, data.std, torch.float32)
        if self.kind == "grand":
            return scores.grand(network, images, labels, device=context.device)
        if self.kind != "el2n":
            return scores.label_free(network, images, kind=int(self.kind[-1]), device=context.device)
        return scores.el2n(probabilities(network, images, context.device), labels)

    def flops(self):
        t = self.trajectory
        passes = {"el2n": 1, "label_free_2": 1, "grand": 5, "label_free_1": 5, "label_free_3": 40}.get(self.kind, 0)
        return passes * SHAPES[t.dataset][3] * forward_flops(t.model, t.dataset, t.width, t.stem) if passes else 0.0


def rounded(values, bits=12):
    """Float32 values of `bits` significant bits (relative error at most 1/4096), which compress to half the size."""
    fraction, exponent = np.frexp(np.asarray(values, dtype=np.float64))
    return np.ldexp(np.round(fraction * 2**bits) / 2**bits, exponent).astype(np.float32)


def probabilities(network, images, device, batch_size=1000):
    """Softmax outputs (N, C) in evaluation mode for normalised images (N, C, H, W)."""
    import torch

    network = network.to(device, memory_format=torch.channels_last).eval()
    with torch.inference_mode():
        parts = [network(part.to(device)).double().softmax(1).cpu() for part in images.split(batch_size)]
    return torch.cat(parts).numpy()


def input_norms(data):
    """Euclidean norms (N,) of the training images, normalised a channel."""
    import torch

    from prunebook.datasets.augment import normalize

    parts = [normalize(part, data.mean, data.std, torch.float32) for part in data.train_images.split(4096)]
    return torch.cat([part.flatten(1).norm(dim=1) for part in parts]).numpy()


def forgetting(stored, examples):
    """Forgetting events (N,) of one stored trajectory, infinite where never learned, and how many were never."""
    from prunebook.scores import forgetting_events

    correct, seen = (np.unpackbits(stored.arrays[n], axis=1, count=examples).astype(bool) for n in ("correct", "seen"))
    values = forgetting_events(correct, seen=seen, never_learned=np.inf)
    return values, np.isinf(values).sum()


@dataclass(frozen=True)
class Averaged:
    """Scores averaged over `networks` of the `pool` networks there are; a value inside recipes, not itself a run.

    Replicate s of what is made from it takes the s-th group of `networks`, counted round the pool: with all of
    the pool always the same mean, with one network another one each time.
    """

    scores: Scores = Scores()
    networks: int = 10
    pool: int = 10

    def __post_init__(self):
        integer("pool", self.pool, 1)
        integer("networks", self.networks, 1, self.pool)

    def members(self, seed):
        """The replicates of `scores` that are averaged for replicate `seed`."""
        if self.scores.kind == "input_norm":
            return [0]
        return sorted((seed * self.networks + i) % self.pool for i in range(self.networks))

    @property
    def words(self):
        """What tells these scores from others of the same data, for random numbers."""
        of, training = self.scores, self.scores.trajectory.training
        settings = float(training.lr), float(training.weight_decay)  # 1 and 1.0 are one value to a run's identity
        return of.kind, of.epoch, of.labels, self.networks, of.trajectory.model, *settings

    def needs(self, seed):
        return [(self.scores, member) for member in self.members(seed)]

    def mean(self, context):
        """The averaged scores (N,), float64; infinite where any network never learned the example."""
        members = self.members(context.seed)
        return np.mean([context.result(self.scores, seed=m).arrays["scores"].astype(np.float64) for m in members], 0)
