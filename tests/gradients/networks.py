"""Networks and brute force for the tests of gradients and of the scores that stand on them."""

import torch
from torch import nn
from torch.func import functional_call, jacrev
from torch.nn import functional

from prunebook import models

NAMES = {
    "resnet8": dict(name="resnet8", width=4),
    "resnet18 pool": dict(name="resnet18", width=8, stem="pool"),
    "preact, shortcut A": dict(name="resnet18", width=4, preact=True, shortcut="A"),
    "bottleneck": dict(name="resnet50", width=2),
    "vgg13": dict(name="vgg13", width=4),
}
ALL = [*NAMES, "mixed"]


class Mixed(nn.Module):
    """Biases, groups, strides, dilations, uneven kernels, every padding and normalisation; in-place activations."""

    def __init__(self, classes):
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(3, 8, 5, 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 12, (3, 5), padding="same", groups=4),
            nn.GroupNorm(3, 12),
            nn.ReLU(inplace=True),
            nn.Conv2d(12, 12, 3, (1, 2), (2, 1), dilation=(2, 1), groups=12, bias=False),
            nn.BatchNorm2d(12),
            nn.Conv2d(12, 16, 3, padding=1, padding_mode="reflect", groups=2),
            nn.LayerNorm([16, 7, 4]),
            nn.Conv2d(16, 8, 3, padding=1, padding_mode="circular", bias=False),
            nn.BatchNorm2d(8, affine=False),
            nn.Conv2d(8, 8, (1, 3), padding="valid"),
        )
        self.tokens = nn.Linear(8, 6)
        self.norm = nn.LayerNorm(6)
        self.squeeze = nn.BatchNorm1d(14)
        self.single = nn.Linear(6, 5, bias=False)
        self.last_norm = nn.BatchNorm1d(5)
        self.fc = nn.Linear(5, classes)

    def forward(self, x):
        x = self.maps(x).flatten(2).mT  # (B, 14, 8)
        x = self.squeeze(self.norm(self.tokens(x)).tanh())
        return self.fc(self.last_norm(self.single(x.sum(1))))


def network(name, classes=5, dtype=torch.float64):
    """A network with random parameters everywhere and statistics far from those of its initialisation."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = Mixed(classes) if name == "mixed" else models.build(num_classes=classes, **NAMES[name])
        made.fc.weight.data.mul_(0.1)  # probabilities away from 1, where autograd itself loses digits
        return scramble(made).to(dtype)


def scramble(model):
    """Move scales, shifts and statistics away from 1 and 0, where mistakes could hide; returns the model."""
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)):
            for parameter in module.parameters(recurse=False):
                nn.init.uniform_(parameter, 0.5, 1.5)
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
    return model


def images(count, size=16, dtype=torch.float64, channels=3):
    """Random images (count, channels, size, size)."""
    return torch.randn(count, channels, size, size, dtype=dtype, generator=torch.Generator().manual_seed(1))


def labels(count, classes=5):
    """Random labels (count,)."""
    return torch.randint(classes, (count,), generator=torch.Generator().manual_seed(2))


def loss_gradients(model, x, y):
    """A list of {parameter: gradient of the cross-entropy} by autograd, one example after the other."""
    names, parameters = zip(*model.named_parameters())
    model.eval()
    return [
        dict(zip(names, torch.autograd.grad(functional.cross_entropy(model(x[i : i + 1]), y[i : i + 1]), parameters,
                                            allow_unused=True, materialize_grads=True)))
        for i in range(len(x))
    ]  # fmt: skip


def logit_jacobian(model, x):
    """(m·C, parameters) gradients of every logit of every image, by torch.func."""
    model.eval()
    parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
    found = jacrev(lambda p: functional_call(model, p, (x,)))(parameters)
    return torch.cat([part.flatten(2) for part in found.values()], 2).flatten(0, 1)


def squared(gradients, wanted=lambda name: True):
    """Squared norms (N,) over the parameters that `wanted` says."""
    return torch.stack([sum(g.square().sum() for name, g in each.items() if wanted(name)) for each in gradients])
