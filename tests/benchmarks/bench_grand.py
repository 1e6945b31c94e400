"""GraNd by hooks against the naive loop over examples and an ordinary batched forward and backward; one thread.

Ratios are of CPU seconds in interleaved rounds, so that other processes and the clock meet all three.
"""

import time

import torch
from torch.nn import functional

from prunebook import models, scores

ROUNDS = 5
CASES = (  # name, input shape, options, images, goal over the loop
    ("ResNet-8 at 1×8×8", (1, 8, 8), dict(name="resnet8", in_channels=1), 512, 7.0),
    ("ResNet-18, width 16, stem pool, at 3×32×32", (3, 32, 32), dict(name="resnet18", width=16, stem="pool"), 128, 3.0),
    ("full-width ResNet-18 at 3×32×32", (3, 32, 32), dict(name="resnet18"), 16, 1.5),
)  # fmt: skip
ORDINARY = 1 / 1.5  # at most 1.5 times an ordinary batch: the goal on a GPU, here for comparison


def loop(model, images, labels):
    """Norms of loss gradients (N,), one example after the other."""
    parameters, norms = list(model.parameters()), []
    for i in range(len(images)):
        loss = functional.cross_entropy(model(images[i : i + 1]), labels[i : i + 1])
        grads = torch.autograd.grad(loss, parameters)
        norms.append(sum(grad.square().sum() for grad in grads).sqrt())
    return torch.stack(norms).numpy()


def ordinary(model, images, labels, size=64):
    """Gradients of batches, as in a training."""
    for start in range(0, len(images), size):
        part = slice(start, start + size)
        loss = functional.cross_entropy(model(images[part]), labels[part])
        torch.autograd.grad(loss, list(model.parameters()))


def seconds(call, *arguments):
    """CPU seconds of this process."""
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def case(name, shape, options, count, goal):
    """Two rows: over the loop and over the ordinary batches."""
    generator = torch.Generator().manual_seed(0)
    model = models.build(num_classes=10, **options).eval()
    images, labels = torch.randn(count, *shape, generator=generator), torch.arange(count) % 10
    compact = images.contiguous(memory_format=torch.channels_last)  # what suits the ordinary batches best
    few = slice(0, max(4, count // 8))
    rounds = []
    for _ in range(ROUNDS):
        rounds.append((
            seconds(loop, model, images[few], labels[few]) / len(labels[few]),
            seconds(scores.grand, model, images, labels) / count,
            seconds(ordinary, model, compact, labels) / count,
        ))
    naive, ours, batch = (min(column) for column in zip(*rounds))
    detail = f"{1 / naive:,.0f}, {1 / ours:,.0f} and {1 / batch:,.0f} images/s by loop, hooks and ordinary batches"
    return [
        {"name": f"GraNd, {name}: over the loop", "ratio": naive / ours, "goal": goal, "detail": detail},
        {"name": f"GraNd, {name}: over ordinary batches", "ratio": batch / ours, "goal": ORDINARY, "detail": detail},
    ]


def ratios():
    """Rows for the table of `python -m tests.benchmarks`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for arguments in CASES:
            yield from case(*arguments)
    finally:
        torch.set_num_threads(threads)
