"""Features of resident images: from an encoder, from a network at initialisation, or the pixels; and their kNN."""

import torch
from torch.nn import functional

from prunebook.arrays.checks import choice, integer
from prunebook.datasets.augment import normalize


@torch.no_grad()
def extract(encoder, images, *, mean, std, batch_size=500, precision="float32", device="cpu"):
    """Features in evaluation mode: uint8 (N, C, H, W) -> float32 (N, d) on the CPU; the encoder's mode is restored.

    The encoder is moved to `device`. `precision`: "float32" or "bfloat16" (autocast).
    """
    choice("precision", precision, ("float32", "bfloat16"))
    integer("batch_size", batch_size, 1)
    integer("number of images", len(images), 1)
    modes = [(module, module.training) for module in encoder.modules()]
    encoder.to(device).eval()
    parts = []
    try:
        for batch in images.split(batch_size):
            batch = normalize(batch.to(device).contiguous(memory_format=torch.channels_last), mean, std)
            with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16"):
                parts.append(encoder(batch).float().cpu())
    finally:
        for module, training in modes:
            module.training = training
    return torch.cat(parts)


def pixels(images):
    """The images themselves as features: uint8 (N, C, H, W) -> float32 (N, C·H·W) in [0, 1]."""
    return images.flatten(1).to(torch.float32) / 255


def random_network(images, model, *, seed, mean, std, width=None, stem="small", expand=0, precision="float32",
                   device="cpu"):
    """Features of an `Encoder` at initialisation, weights drawn from `seed`: uint8 (N, C, H, W) -> float32 (N, d)."""
    from prunebook.features.simclr import Encoder

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = Encoder(model, in_channels=images.shape[1], width=width, stem=stem, expand=expand)
    return extract(encoder, images, mean=mean, std=std, precision=precision, device=device)


def knn_accuracy(train_features, train_labels, test_features, test_labels, *, k=20, batch_size=1000):
    """Share of test rows whose k nearest training rows by cosine vote for their label; ties go to the lowest label.

    (N, d), (N,), (M, d), (M,) tensors -> float. Every neighbour has one vote.
    """
    integer("k", k, 1, len(train_features))
    train = functional.normalize(train_features, dim=1)
    classes = int(train_labels.max()) + 1
    # One vote outweighs every label's handicap, so only ties are decided by it.
    handicap = torch.arange(classes, device=train.device)
    correct = 0
    for rows, labels in zip(test_features.split(batch_size), test_labels.split(batch_size), strict=True):
        neighbours = (functional.normalize(rows, dim=1) @ train.T).topk(k, dim=1).indices
        votes = functional.one_hot(train_labels[neighbours], classes).sum(1)
        correct += int(((votes * classes - handicap).argmax(1) == labels).sum())
    return correct / len(test_labels)
