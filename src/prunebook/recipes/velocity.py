"""How fast the neural tangent kernel turns, along the training examples sorted by a score (Data Diet, B.3)."""

from dataclasses import dataclass

import numpy as np

from prunebook.arrays.checks import choice, integer
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.checkpoints import restored
from prunebook.recipes.cost import SHAPES, forward_flops
from prunebook.recipes.scoring import Averaged
from prunebook.recipes.streams import stream
from prunebook.recipes.trajectory import Trajectory


@dataclass(frozen=True)
class KernelVelocity(Recipe):
    """Velocity of the kernel from `epoch` to the epoch after it, at `positions` places of the ranking (equation 7).

    Training examples are sorted by the averaged score, ascending, ties at random. At each place K is the kernel of
    `examples` contiguous ones: inner products of the gradients of all their logits with respect to all parameters, in
    evaluation mode, without augmentation. First examples are evenly spaced, the last place ends with the highest score.
    Epoch 0 is the network as initialised. No network of `trajectory` is one of the pool that the score comes from.
    Metrics: `start` (index of the first example of each place), `velocity` and `score` (mean over its examples), lists
    of `positions`; `test_accuracy` before and after, in percent.
    """

    trajectory: Trajectory = Trajectory(at=(10, 11))
    score: Averaged = Averaged()
    epoch: int = 10
    examples: int = 100
    positions: int = 20

    def __post_init__(self):
        kept = (0, *self.trajectory.at)
        choice("epoch", self.epoch, tuple(epoch for epoch in kept if epoch + 1 in kept))
        size = SHAPES[self.trajectory.dataset][3]
        integer("examples", self.examples, 1, size)
        integer("positions", self.positions, 1, size - self.examples + 1)
        scored = self.score.scores
        for name in ("dataset", "noise", "noise_seed")[: 1 if scored.kind == "input_norm" else 3]:
            theirs, ours = getattr(scored.trajectory, name), getattr(self.trajectory, name)
            if theirs != ours:
                raise ValueError(f"score: its {name} is {theirs!r}; it must be {ours!r}, as that of the trajectory")

    def replicate(self, seed):
        """The replicate of `trajectory` that is looked at."""
        return self.score.pool + seed

    def needs(self, seed):
        return [(self.trajectory, self.replicate(seed)), *self.score.needs(seed)]

    def run(self, context):
        from prunebook.datasets.augment import normalize
        from prunebook.gradients.gram import logit_gram
        from prunebook.measures import kernel_velocity
        from prunebook.training.loop import evaluate

        data, scores = context.dataset(self.trajectory.dataset), self.score.mean(context)
        ties = stream(context.seed, "kernel velocity", *self.score.words).random(len(scores))
        order = np.lexsort((ties, scores))
        starts = np.linspace(0, len(order) - self.examples, self.positions).round().astype(int)
        seed = self.replicate(context.seed)
        stored = context.result(self.trajectory, seed=seed)
        networks = [restored(self.trajectory.network(seed), stored, epoch) for epoch in (self.epoch, self.epoch + 1)]
        velocities, means = [], []
        for done, start in enumerate(starts, 1):
            chosen = order[start : start + self.examples]
            images = normalize(data.train_images[chosen], data.mean, data.std)
            before, after = (logit_gram(network, images, device=context.device) for network in networks)
            velocities.append(kernel_velocity(before, after))
            means.append(float(scores[chosen].mean()))
            context.progress(done, len(starts))
        return Record({"start": starts.tolist(), "velocity": velocities, "score": means, "test_accuracy": [
            100 * evaluate(network, data.test_images, data.test_labels, mean=data.mean, std=data.std,
                           device=context.device) for network in networks
        ]})

    def flops(self):
        of = self.trajectory
        rows = self.examples * SHAPES[of.dataset][2]
        # A product with a row of gradients costs what a pass through one position of every layer does: an order of
        # magnitude, which the measured time of earlier runs corrects.
        return 2 * self.positions * 6 * rows * forward_flops(of.model, of.dataset, of.width, of.stem)
