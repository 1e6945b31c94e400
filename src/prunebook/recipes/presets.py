"""The settings that pages of the norms paper share, one row a scale, so that they share runs."""

from dataclasses import replace

from prunebook.recipes.accuracy import SubsetAccuracy
from prunebook.recipes.features import Features, SimCLR
from prunebook.training.settings import Training

DATASETS = {"smoke": ("digits",), "small": ("cifar10", "cifar100"), "paper": ("cifar10", "cifar100")}
CLASSES = {"digits": 10, "mnist": 10, "cifar10": 10, "cifar100": 100}
NETWORKS = ("resnet8", "resnet14", "resnet20", "resnet32", "resnet44", "resnet56", "resnet18", "resnet50")

SIMCLR = {
    "smoke": SimCLR("digits", "resnet8", width=16, epochs=6, batch_size=256, expand=128, precision="float32"),
    # For two CPU cores: 24-pixel views train 1.8 times as fast as 32-pixel ones; `expand` keeps the rank at 512.
    "small": SimCLR(
        width=16, expand=512, epochs=90, lr=0.6, warmup=0.05, floor=0.0, decay_all=False, nesterov=True,
        temperature=0.2, both=True, crop=24,
    ),
    "paper": SimCLR(),
}

_SCRATCH = Training(epochs=200, batch_size=100, lr=0.025, nesterov=True, weight_decay=3e-4, precision="bfloat16")
SCRATCH = {
    "smoke": SubsetAccuracy(  # shifts by four of a digit's eight pixels, or mirrored digits, would teach nothing
        model="resnet8", width=8, stem="small",
        training=replace(_SCRATCH, epochs=40, augment="none", precision="float32"),
    ),
    "small": SubsetAccuracy(width=16, training=replace(_SCRATCH, epochs=100)),
    "paper": SubsetAccuracy(training=_SCRATCH),
}


def simclr_features(scale, dataset, *, model=""):
    """SimCLR features of `dataset` as `scale` trains them; `model` replaces the encoder's network."""
    encoder = replace(SIMCLR[scale], dataset=dataset)
    if model:
        encoder = replace(encoder, model=model, width=None)
    if scale == "small" and dataset == "cifar100":
        encoder = replace(encoder, epochs=30)
    return Features(dataset, "simclr", encoder)


def from_scratch(scale, selection, *, model=""):
    """Framework (i) on `selection`: batch max(budget, 100), so that small sets are one batch (section 4)."""
    recipe = SCRATCH[scale]
    training = replace(recipe.training, batch_size=max(100, selection.budget))
    if model:
        recipe = replace(recipe, model=model, width=None)
    return replace(recipe, selection=selection, training=training)
