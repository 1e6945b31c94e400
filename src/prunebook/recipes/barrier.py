"""When two trainings with different noise begin to end in one basin, on easy and hard examples (Data Diet, B.3)."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from prunebook.arrays.checks import integer
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.checkpoints import restored
from prunebook.recipes.cost import SHAPES, forward_flops, training_flops
from prunebook.recipes.streams import stream, torch_seed
from prunebook.recipes.trajectory import initial
from prunebook.training.settings import Training

SETS = ("low", "random", "high")  # EL2N of the examples
STATISTICS = ("estimated", "interpolated")  # of batch norm, along the path


@dataclass(frozen=True)
class Parent(Recipe):
    """One network trained on `images` random training examples (None: all); keeps the weights after the epochs `at`.

    Arrays: "epoch/parameter"; "images": the indices (n,), ascending; "el2n": their EL2N (n,) by this network after
    `score_epoch`, in evaluation mode, without augmentation.
    """

    publish: ClassVar[bool] = False  # weights of every checkpoint; what is shown of them is in ErrorBarrier

    dataset: str = "cifar10"
    model: str = "resnet18"
    width: int | None = 64
    stem: str = "small"
    images: int | None = None
    training: Training = Training(
        epochs=200, drop_last=True, nesterov=True, schedule="steps", milestones=(60, 120, 160), decay=0.2,
        precision="bfloat16",
    )
    at: tuple = ()
    score_epoch: int = 10

    def __post_init__(self):
        size = SHAPES[self.dataset][3]
        if self.images is not None:
            integer("images", self.images, 1, size)
        of, last = self.training, self.training.epochs
        if not last or of.schedule == "cosine" or of.schedule_by == "step":
            raise ValueError("training: children could not go on with it; it must be given in epochs, with schedule "
                             "'steps' or 'constant' by 'epoch'")
        object.__setattr__(self, "at", tuple(integer("at", epoch, 1, last) for epoch in self.at))
        integer("score_epoch", self.score_epoch, 1, last)

    @property
    def size(self):
        """Number of examples trained on."""
        return self.images or SHAPES[self.dataset][3]

    def network(self, seed):
        """The network at initialisation, drawn from `seed`."""
        return initial(self.model, self.dataset, self.width, self.stem, torch_seed(seed, "Parent", "network"))

    def run(self, context):
        from prunebook import scores
        from prunebook.datasets.augment import normalize
        from prunebook.recipes.scoring import probabilities
        from prunebook.training.batches import DTYPES
        from prunebook.training.loop import evaluate
        from prunebook.training.observed import train_observed

        data, network = context.dataset(self.dataset), self.network(context.seed)
        chosen = np.arange(SHAPES[self.dataset][3])
        if self.images is not None:
            chosen = np.sort(stream(context.seed, "Parent", "images").choice(chosen, self.images, replace=False))
        images, labels = data.train_images[chosen], data.train_labels[chosen]
        scale = dict(mean=data.mean, std=data.std, device=context.device)
        history, seen = train_observed(
            network, images, labels, self.training, at={*self.at, self.score_epoch},
            seed=torch_seed(context.seed, "Parent", "order"), checkpoint=context.checkpoint, progress=context.progress,
            **scale,
        )
        accuracy = evaluate(network, data.test_images, data.test_labels, precision=self.training.precision, **scale)
        network.load_state_dict(seen.weights[self.score_epoch])
        seen_by = normalize(images, data.mean, data.std, DTYPES[self.training.precision])
        predicted = probabilities(network, seen_by, context.device)
        arrays = {"images": chosen.astype(np.int32), "el2n": scores.el2n(predicted, labels).astype(np.float32)}
        for epoch in self.at:
            arrays |= {f"{epoch}/{name}": value.numpy() for name, value in seen.weights[epoch].items()}
        metrics = {"test_accuracy": 100 * accuracy, "train_accuracy": 100 * history.train_accuracy}
        return Record(metrics, arrays)

    def flops(self):
        return training_flops(self.model, self.dataset, self.width, self.stem, self.training.epochs * self.size)


@dataclass(frozen=True)
class ErrorBarrier(Recipe):
    """Training error on the line between two children of one parent, on easy, random and hard examples of its data.

    Both children start with the parent's weights after `spawn` epochs (0: as initialised) and momentum zero, go on with
    its schedule to the end, and differ in order and augmentation of the examples. Sets: the `examples` of lowest and of
    highest EL2N by the parent itself, ties at random, and as many random ones. `points` networks from one child to the
    other are evaluated in the precision of training, in evaluation mode, without augmentation, batch norm with
    interpolated statistics and with statistics estimated anew on up to `estimate` of the parent's examples.
    Metrics, in percent: `error_<set>_<statistics>`, a list of `points`; `barrier_<set>_<statistics>`, its maximum minus
    the mean of its ends (Frankle et al., 2020); `train_accuracy` (all of the parent's data), `test_accuracy`: means of
    the children.
    """

    parent: Parent = Parent(at=(10,))
    spawn: int = 10
    examples: int = 1000
    points: int = 11
    estimate: int = 1000

    def __post_init__(self):
        integer("spawn", self.spawn, 0, self.parent.training.epochs - 1)
        if self.spawn and self.spawn not in self.parent.at:
            kept = ", ".join(map(str, (0, *self.parent.at)))
            raise ValueError(f"spawn: the parent keeps no weights after epoch {self.spawn}; it has those of {kept}")
        integer("examples", self.examples, 1, self.parent.size // 2)
        integer("points", self.points, 3)
        integer("estimate", self.estimate, 2)

    def needs(self, seed):
        return [(self.parent, seed)]

    def run(self, context):
        import torch

        from prunebook.datasets.augment import normalize
        from prunebook.measures import error_path
        from prunebook.training.device import resolve_device
        from prunebook.training.loop import evaluate, train

        data, parent = context.dataset(self.parent.dataset), self.parent
        stored = context.result(parent, seed=context.seed)
        members = torch.from_numpy(stored.arrays["images"].astype(np.int64))
        images, labels = data.train_images[members], data.train_labels[members]
        scale, settings = dict(mean=data.mean, std=data.std, device=context.device), rest(parent.training, self.spawn)
        children, accuracies = [], []
        for child in (0, 1):
            network = restored(parent.network(context.seed), stored, self.spawn)
            seed = torch_seed(context.seed, "ErrorBarrier", self.spawn, child)
            train(network, images, labels, settings, seed=seed, progress=self.part(context.progress, child), **scale)
            accuracies.append([evaluate(network, *pair, precision=settings.precision, **scale)
                               for pair in ((images, labels), (data.test_images, data.test_labels))])
            children.append(network)
        trained, tested = 100 * np.mean(accuracies, axis=0)
        metrics = {"train_accuracy": float(trained), "test_accuracy": float(tested)}
        random, images = stream(context.seed, "ErrorBarrier", "examples"), normalize(images, data.mean, data.std)
        images = images.contiguous(memory_format=torch.channels_last)
        estimated = images[torch.from_numpy(random.permutation(len(images))[: self.estimate])]
        half = torch.autocast(resolve_device(context.device).type, torch.bfloat16,
                              enabled=settings.precision == "bfloat16")
        for name, chosen in self.sets(stored.arrays["el2n"], random).items():
            for kind, given in zip(STATISTICS, (estimated, None), strict=True):
                with half:
                    errors = 100 * error_path(*children, images[chosen], labels[chosen], points=self.points,
                                              statistics=given, device=context.device)[1]
                metrics[f"error_{name}_{kind}"] = errors.tolist()
                metrics[f"barrier_{name}_{kind}"] = float(errors.max() - (errors[0] + errors[-1]) / 2)
        return Record(metrics)

    def sets(self, scores, random):
        """Places of the examples of each set among the parent's, by their EL2N (n,)."""
        order = np.lexsort((random.random(len(scores)), scores))
        drawn = random.choice(len(scores), self.examples, replace=False)
        return dict(zip(SETS, (order[: self.examples], drawn, order[-self.examples :]), strict=True))

    @staticmethod
    def part(progress, child):
        """`progress` of one child as that of both."""
        return lambda done, total, **values: progress(child * total + done, 2 * total, **values)

    def flops(self):
        of = self.parent
        trained = 2 * (of.training.epochs - self.spawn) * of.size
        passes = 2 * of.size + 2 * SHAPES[of.dataset][4] + len(SETS) * self.points * (2 * self.examples + self.estimate)
        return training_flops(of.model, of.dataset, of.width, of.stem, trained, evaluate=False) + (
            passes * forward_flops(of.model, of.dataset, of.width, of.stem))


def rest(training, done):
    """The settings of what is left of `training` after `done` of its epochs: the same learning rate at every step."""
    left = tuple(m - done for m in training.milestones if m > done)
    lr = training.lr * training.decay ** (len(training.milestones) - len(left))
    return replace(training, epochs=training.epochs - done, lr=lr, milestones=left,
                   schedule="steps" if left else "constant")
