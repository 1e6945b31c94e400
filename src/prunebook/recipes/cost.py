"""Counted floating-point operations of networks, for the cost plan."""

from functools import lru_cache

# channels, side, classes, training and test images; known without loading the data
SHAPES = {
    "digits": (1, 8, 10, 1297, 500),
    "mnist": (1, 28, 10, 60000, 10000),
    "cifar10": (3, 32, 10, 50000, 10000),
    "cifar100": (3, 32, 100, 50000, 10000),
    "tiny_imagenet": (3, 64, 200, 100000, 10000),
    "cinic10": (3, 32, 10, 180000, 90000),
}


@lru_cache(maxsize=64)
def forward_flops(model, dataset, width, stem, side=None):
    """Operations (two a multiply-add) of one forward pass of one image of `dataset`."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from prunebook import models

    channels, size, classes, _, _ = SHAPES[dataset]
    with torch.device("meta"), torch.random.fork_rng(devices=[]), FlopCounterMode(display=False) as counter:
        network = models.build(model, classes, in_channels=channels, width=width, stem=stem).eval()
        network(torch.empty(1, channels, side or size, side or size))
    return float(counter.get_total_flops())


def training_flops(model, dataset, width, stem, images, *, side=None, evaluate=True):
    """Operations of training on `images` images in all (three forward passes each) and of one test pass."""
    one = forward_flops(model, dataset, width, stem, side)
    return one * (3 * images + (SHAPES[dataset][4] if evaluate else 0))
