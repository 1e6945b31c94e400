"""Many linear classifiers on fixed features at once (norms section 4, framework (ii))."""

import math

import torch
from torch import nn

from prunebook.arrays.checks import integer, positive
from prunebook.training.device import resolve_device

MEMORY = 400e6  # bytes that the gathered features and weights of one chunk of runs may take


@torch.no_grad()
def train_probes(features, labels, subsets, num_classes, *, seeds, epochs=400, lr=2.5, momentum=0.9, nesterov=True,
                 weight_decay=3e-4, device="cpu"):
    """Train K linear classifiers, each on its own subset; returns weights (K, C, d) and biases (K, C).

    `features` (N, d) floating point, kept in their precision; `labels` (N,); `subsets` (K, n) indices. SGD on the
    whole subset each epoch (norms: the batch is max(n, 100)), cosine to 0, from torch.nn.Linear's initial weights
    under each of `seeds` (K,). Raises ValueError for empty subsets, indices or labels out of range.
    """
    device = resolve_device(device)
    features, labels, subsets = (torch.as_tensor(array) for array in (features, labels, subsets))
    _check(features, labels, subsets, num_classes, seeds)
    integer("epochs", epochs, 1)
    positive("lr", lr)
    runs, n = subsets.shape
    width, size = features.shape[1], features.element_size()
    chunk = max(1, int(MEMORY // (size * (n * width + 4 * num_classes * (width + n)))))
    rates = [lr * 0.5 * (1 + math.cos(math.pi * epoch / epochs)) for epoch in range(epochs)]
    weights, biases = [], []
    for start in range(0, runs, chunk):
        part = subsets[start : start + chunk]
        weight, bias = initial_weights(num_classes, width, seeds[start : start + chunk], features.dtype)
        weight, bias = weight.to(device), bias.to(device)
        optimizer = _Descent((weight, bias), momentum, nesterov, weight_decay)
        x, y = features[part.to(features.device)].to(device), labels[part.to(labels.device)].to(device)
        for rate in rates:
            # The gradient of the mean cross-entropy in the logits is (softmax − one-hot) / n.
            residual = torch.baddbmm(bias[:, None], x, weight.transpose(1, 2)).softmax(2)
            residual.scatter_add_(2, y[:, :, None], residual.new_full((1, 1, 1), -1).expand(len(part), n, 1))
            residual /= n
            optimizer.step((residual.transpose(1, 2) @ x, residual.sum(1)), rate)
        weights.append(weight)
        biases.append(bias)
    return torch.cat(weights), torch.cat(biases)


class _Descent:
    """torch.optim.SGD's update for given gradients, without what it does around that."""

    def __init__(self, parameters, momentum, nesterov, weight_decay):
        self.parameters, self.buffers = parameters, [torch.zeros_like(p) for p in parameters]
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay

    def step(self, gradients, rate):
        for parameter, buffer, gradient in zip(self.parameters, self.buffers, gradients):
            gradient.add_(parameter, alpha=self.weight_decay)
            buffer.mul_(self.momentum).add_(gradient)
            parameter.sub_(gradient.add_(buffer, alpha=self.momentum) if self.nesterov else buffer, alpha=rate)


def initial_weights(num_classes, width, seeds, dtype=torch.float32):
    """What torch.nn.Linear(width, num_classes) starts from after manual_seed, for each seed: (K, C, d), (K, C)."""
    weight, bias = torch.empty(len(seeds), num_classes, width), torch.empty(len(seeds), num_classes)
    for k, seed in enumerate(seeds):
        generator = torch.Generator().manual_seed(int(seed))
        nn.init.kaiming_uniform_(weight[k], a=math.sqrt(5), generator=generator)
        nn.init.uniform_(bias[k], -1 / math.sqrt(width), 1 / math.sqrt(width), generator=generator)
    return weight.to(dtype), bias.to(dtype)


@torch.no_grad()
def evaluate_probes(weights, biases, features, labels, *, batch_size=2000):
    """Accuracies in [0, 1] of K linear classifiers (K, C, d), (K, C) on features (N, d), labels (N,): numpy (K,)."""
    features, labels = torch.as_tensor(features), torch.as_tensor(labels)
    runs, classes, width = weights.shape
    if features.ndim != 2 or features.shape[1] != width or labels.shape != (len(features),) or not len(features):
        raise ValueError(f"features, labels: shapes {tuple(features.shape)}, {tuple(labels.shape)}; they must be "
                         f"(N, {width}) and (N,) with N at least 1")
    joint = weights.flatten(0, 1).T
    correct = torch.zeros(runs, dtype=torch.int64, device=weights.device)
    for x, y in zip(features.split(batch_size), labels.split(batch_size)):
        logits = torch.addmm(biases.flatten(), x.to(weights), joint).view(-1, runs, classes)
        correct += (logits.argmax(2) == y.to(weights.device)[:, None]).sum(0)
    return (correct.double() / len(features)).cpu().numpy()


def _check(features, labels, subsets, num_classes, seeds):
    if features.ndim != 2 or not features.is_floating_point() or labels.shape != (len(features),):
        raise ValueError(f"features, labels: {features.dtype} {tuple(features.shape)} and {tuple(labels.shape)}; "
                         "they must be floating point (N, d) and (N,)")
    if subsets.ndim != 2 or 0 in subsets.shape or len(seeds) != len(subsets):
        raise ValueError(f"subsets, seeds: shape {tuple(subsets.shape)} with {len(seeds)} seeds; they must be (K, n) "
                         "and K, with K and n at least 1")
    if int(subsets.min()) < 0 or int(subsets.max()) >= len(features):
        raise ValueError(f"subsets: indices must be from 0 to {len(features) - 1}")
    if int(labels.min()) < 0 or int(labels.max()) >= integer("num_classes", num_classes, 1):
        raise ValueError(f"labels: they must be from 0 to {num_classes - 1}")
    if not bool(torch.isfinite(features).all()):
        raise ValueError("features: they must be finite, without NaN or infinity")
