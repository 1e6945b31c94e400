"""The settings that pages of the Data Diet paper share, one row a scale, so that they share runs."""

from dataclasses import replace

from prunebook.recipes.pruned import PrunedAccuracy
from prunebook.recipes.scoring import Averaged, Scores
from prunebook.recipes.trajectory import Trajectory

DATASET = {"smoke": "digits", "small": "cifar10", "paper": "cifar10"}
INITIAL = {"smoke": 4, "small": 10, "paper": 10}  # networks whose scores at initialisation are averaged
TRAINED = {"smoke": 2, "small": 5, "paper": 10}  # networks whose scores after training are averaged

# The paper's epochs at each scale. Epoch 200 is its last one; the last one at small is 20.
EPOCHS = {
    "smoke": {0: 0, 10: 2, 20: 4, 200: 4},
    "small": {0: 0, 10: 10, 20: 20, 200: 20},
    "paper": {0: 0, 10: 10, 20: 20, 200: 200},
}

# Width 16 and the max-pool of the ImageNet stem: on two CPU cores 4.3 times as many images a second as without it.
_NETWORK = {
    "smoke": dict(model="resnet8", width=8, stem="small"),
    "small": dict(model="resnet18", width=16, stem="pool"),
    "paper": dict(model="resnet18", width=64, stem="small"),
}
# Digits: mirrored or shifted ones would teach nothing.
_TRAINING = {"smoke": dict(batch_size=32, augment="none", precision="float32"), "small": {}, "paper": {}}
STEPS = {"smoke": 60, "small": 4_700, "paper": 78_000}
CURVE = {"smoke": 3, "small": 8, "paper": 20}


def network(scale, model=""):
    """Fields `model`, `width` and `stem` of a recipe; `model` replaces the scale's network, at the scale's width."""
    fields = _NETWORK[scale]
    if not model or model == fields["model"]:
        return fields
    return {"model": model, "width": fields["width"], "stem": "small" if model.startswith("vgg") else fields["stem"]}


def trajectory(scale, dataset="", *, model="", until=200, noise=0.0, **training):
    """Networks trained on all of `dataset` up to the paper's epoch `until`; `training` replaces settings."""
    epochs = EPOCHS[scale]
    settings = replace(Trajectory().training, **{"epochs": epochs[until], **_TRAINING[scale], **training})
    at = sorted({epochs[epoch] for epoch in (10, 20, 200) if epoch <= until})
    return Trajectory(dataset or DATASET[scale], **network(scale, model), training=settings, at=tuple(at), noise=noise)


def averaged(scale, kind, epoch=0, *, of=None, networks=0, **options):
    """The score `kind` at the paper's `epoch`, averaged over `networks` (0: all there are).

    `of`: its trajectory; otherwise `options` go to `trajectory`, by default the networks trained to the end.
    """
    scores = Scores(of or trajectory(scale, **options), kind, EPOCHS[scale][epoch])
    pool = 1 if kind == "input_norm" else (TRAINED if scores.trained else INITIAL)[scale]
    return Averaged(scores, networks or pool, pool)


def pruned(scale, score, keep, *, offset=None, dataset="", model="", noise=0.0):
    """Training on the share `keep` by `score` (None: a random share), for the scale's fixed number of steps.

    The window that ends with the highest score is the run that keeps the highest, whichever way a page asks for it.
    """
    if offset is not None and abs(offset + keep - 1) < 1e-9:
        offset = None
    steps = STEPS[scale]
    settings = replace(
        PrunedAccuracy().training, steps=steps, milestones=tuple(round(steps * at) for at in (0.3, 0.6, 0.8)),
        **_TRAINING[scale],
    )
    return PrunedAccuracy(
        dataset or DATASET[scale], score, keep, offset, noise, curve=CURVE[scale], **network(scale, model),
        training=settings,
    )
