"""The settings of the two pages of Data Diet that follow a training: kernel velocity and error barriers."""

from dataclasses import replace

from prunebook.recipes.barrier import ErrorBarrier, Parent
from prunebook.recipes.diet import DATASET, averaged, network, trajectory
from prunebook.recipes.velocity import KernelVelocity

PAIRS = {"smoke": (0, 1, 3), "small": (1, 4), "paper": (0, 1, 10, 50, 100, 199)}  # epochs t of pairs (t, t + 1)
SPAWNS = {"smoke": (0, 1, 2), "small": (0, 1, 2, 4), "paper": (0, 1, 2, 4, 8, 16, 32)}  # epochs of the parent

_PLACES = {"smoke": dict(examples=20, positions=6), "small": dict(positions=8), "paper": dict(positions=20)}
# ResNet-8 has 0.08 million parameters: the kernel of 1,000 logits then takes seconds on one CPU core.
_FOLLOWED = {"small": dict(model="resnet8", width=16, stem="small")}

# Hard examples can show a barrier only if they are learned: narrow networks do that in 120,000 images if these are
# 10,000 different ones, not augmented (99.9 % training accuracy; 77 % of 5,000 augmented ones).
_PARENTS = {
    "smoke": dict(images=640, epochs=4, milestones=(3,), score_epoch=1),
    "small": dict(images=10_000, epochs=12, milestones=(6, 9), score_epoch=3, augment="none"),
    "paper": dict(images=None, epochs=200, milestones=(60, 120, 160), score_epoch=10),
}
_MEASURED = {"smoke": dict(examples=100, estimate=200), "small": {}, "paper": {}}


def velocity(scale, pairs, epoch, score, dataset="", model=""):
    """Kernel velocity from `epoch` on, one of `pairs`, along the ranking by `score` at the paper's epoch 10.

    The scores are the averages of other pages. A network called `model` has the width of the scale's.
    """
    own = _FOLLOWED.get(scale, network(scale))
    followed = own if model in ("", own["model"]) else network(scale, model)
    at = tuple(sorted({kept for first in pairs for kept in (first, first + 1)} - {0}))
    of = trajectory(scale, dataset)
    of = replace(of, **followed, training=replace(of.training, epochs=max(at)), at=at)
    return KernelVelocity(of, averaged(scale, score, 10, dataset=dataset), epoch, **_PLACES[scale])


def barrier(scale, spawns, spawn, dataset="", model=""):
    """The error barrier between children that part after epoch `spawn`, one of `spawns`, which share their parent."""
    fields = dict(_PARENTS[scale])
    images, score_epoch = fields.pop("images"), fields.pop("score_epoch")
    training = replace(trajectory(scale, dataset).training, **fields)
    at = tuple(sorted(set(spawns) - {0}))
    parent = Parent(dataset or DATASET[scale], **network(scale, model), images=images, training=training, at=at,
                    score_epoch=score_epoch)
    return ErrorBarrier(parent, spawn, **_MEASURED[scale])
