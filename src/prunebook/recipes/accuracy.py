"""Test accuracy after training on a chosen subset: networks from scratch (i) and linear probes (ii) of norms."""

from dataclasses import dataclass, replace
from typing import ClassVar

from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.cost import SHAPES, training_flops
from prunebook.recipes.selection import Selection
from prunebook.recipes.streams import torch_seed
from prunebook.training.settings import Training

CARRIED = ("class_counts", "classes_covered", "mean_norm")  # the selection's own record holds the indices


class OnSubset(Recipe):
    """Shared by both frameworks: the selection it stands on, and fusing with equals."""

    def needs(self, seed):
        return [(self.selection, self.selection.draw(seed)), *self.inputs()]

    def inputs(self):
        return []

    @property
    def together(self):
        """Runs that differ only in the subset are trained as one."""
        chosen = self.selection
        return type(self).__name__, replace(self, selection=Selection(chosen.features, "uniform", chosen.budget))

    def run(self, context):
        return self.run_together([self], [context])[0]

    @staticmethod
    def chosen(recipes, contexts):
        """The selections' metrics, and seeds that no two arms share."""
        picked = [c.result(r.selection, seed=r.selection.draw(c.seed)).metrics for r, c in zip(recipes, contexts)]
        arms = [(r.selection.method, r.selection.budget, r.selection.order, r.selection.randomize) for r in recipes]
        return picked, [torch_seed(c.seed, type(r).__name__, *arm) for r, c, arm in zip(recipes, contexts, arms)]


@dataclass(frozen=True)
class SubsetAccuracy(OnSubset):
    """Framework (i): a network trained from scratch on the chosen examples alone, tested once at the end."""

    group_limit: ClassVar[int] = 32

    selection: Selection = Selection()
    model: str = "resnet18"
    width: int | None = 64
    stem: str = "pool"
    training: Training = Training(
        epochs=200, batch_size=100, lr=0.025, nesterov=True, weight_decay=3e-4, precision="bfloat16"
    )

    @classmethod
    def run_together(cls, recipes, contexts):
        import torch

        from prunebook import models
        from prunebook.training.fused import evaluate_together, train_together

        first, context = recipes[0], contexts[0]
        data = context.dataset(first.selection.features.dataset)
        picked, seeds = cls.chosen(recipes, contexts)
        networks = []
        for seed in seeds:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                networks.append(models.build(
                    first.model, data.num_classes, in_channels=data.train_images.shape[1],
                    width=first.width, stem=first.stem,
                ))
        scale = dict(mean=data.mean, std=data.std, device=context.device)
        subsets = torch.tensor([p["indices"] for p in picked])
        histories = train_together(
            networks, data.train_images, data.train_labels, subsets, first.training, seeds=seeds,
            progress=context.progress, **scale,
        )
        accuracies = evaluate_together(
            networks, data.test_images, data.test_labels, precision=first.training.precision, **scale
        )
        return [
            Record({"accuracy": 100 * a, "train_accuracy": 100 * h.train_accuracy, **{k: p[k] for k in CARRIED}})
            for a, h, p in zip(accuracies, histories, picked)
        ]

    def flops(self):
        budget, settings = self.selection.budget, self.training
        images = settings.epochs * budget or settings.steps * min(settings.batch_size, budget)
        return training_flops(self.model, self.selection.features.dataset, self.width, self.stem, images)


@dataclass(frozen=True)
class ProbeAccuracy(OnSubset):
    """Framework (ii): one linear classifier on the L2-normalised features of the chosen examples."""

    group_limit: ClassVar[int] = 128

    selection: Selection = Selection()
    epochs: int = 400
    lr: float = 2.5
    weight_decay: float = 3e-4
    momentum: float = 0.9
    nesterov: bool = True

    def inputs(self):
        return [(self.selection.features, 0)]

    @classmethod
    def run_together(cls, recipes, contexts):
        import torch
        from torch.nn.functional import normalize

        from prunebook.training.probe import evaluate_probes, train_probes

        first, context = recipes[0], contexts[0]
        data = context.dataset(first.selection.features.dataset)
        arrays = context.result(first.selection.features, seed=0).arrays
        train, test = (normalize(torch.from_numpy(arrays[side])) for side in ("train", "test"))
        picked, seeds = cls.chosen(recipes, contexts)
        subsets = torch.tensor([p["indices"] for p in picked])
        weights, bias = train_probes(
            train, data.train_labels, subsets, data.num_classes, epochs=first.epochs, lr=first.lr,
            momentum=first.momentum, weight_decay=first.weight_decay, nesterov=first.nesterov, seeds=seeds,
            device=context.device,
        )
        accuracies = evaluate_probes(weights, bias, test, data.test_labels)
        return [Record({"accuracy": 100 * float(a), **{k: p[k] for k in CARRIED}}) for a, p in zip(accuracies, picked)]

    def flops(self):
        return 6.0 * self.epochs * self.selection.budget * 512 * SHAPES[self.selection.features.dataset][2]
