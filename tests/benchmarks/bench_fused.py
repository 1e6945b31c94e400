"""Fused against sequential trainings: ResNet-8 on 8×8 digits, one thread, both channels-last.

Width 8 is what the smoke pages train; width 16 is the architecture as published.
"""

import time

import torch

from prunebook import datasets, models
from prunebook.training.fused import train_together
from prunebook.training.probe import train_probes
from prunebook.training.settings import Training

RUNS, ROUNDS = 126, 3


def seconds(digits, labels, *, width, group, runs, steps):
    """CPU seconds of `runs` trainings on subsets of `labels` digits, making and undoing groups included."""
    generator = torch.Generator().manual_seed(0)
    nets = [models.build("resnet8", 10, in_channels=1, width=width) for _ in range(runs)]
    count = len(digits.train_images)
    subsets = torch.stack([torch.randperm(count, generator=generator)[:labels] for _ in range(runs)])
    settings = Training(steps=steps, batch_size=100, lr=0.025, nesterov=True, weight_decay=3e-4)
    start = time.process_time()  # not wall time: other processes of the machine must not decide the ratio
    train_together(nets, digits.train_images, digits.train_labels, subsets, settings, mean=digits.mean, std=digits.std,
                   seeds=range(runs), group=group)
    return time.process_time() - start


def fused(labels, goal, *, width, few=2, more=12, full=200):
    """One row: how much faster 126 fused trainings of `full` steps are than the same ones after each other."""
    digits, rounds = datasets.load("digits"), []
    for _ in range(ROUNDS):  # interleaved, so that a change of the clock meets all three
        rounds.append((
            seconds(digits, labels, width=width, group=1, runs=8, steps=20) / 8 / 20,
            seconds(digits, labels, width=width, group=None, runs=RUNS, steps=few),
            seconds(digits, labels, width=width, group=None, runs=RUNS, steps=more),
        ))
    alone, short, longer = (min(column) for column in zip(*rounds))
    step = (longer - short) / (more - few)
    together = (step + max(0.0, short - few * step) / full) / RUNS
    detail = f"{1e3 * alone:.2f} and {1e3 * together:.2f} ms a model-step, from {more} of {full} steps"
    name = f"fused ResNet-8 of width {width}, {labels} labels, {RUNS} runs"
    return {"name": name, "ratio": alone / together, "goal": goal, "detail": detail}


def probes():
    """One row: the limit of 5 s for 25 probes, as goal over measured."""
    generator = torch.Generator().manual_seed(0)
    features = torch.nn.functional.normalize(torch.randn(5000, 512, generator=generator))
    labels = torch.randint(0, 10, (5000,), generator=generator)
    subsets = torch.randint(0, 5000, (25, 60), generator=generator)
    start = time.process_time()
    train_probes(features, labels, subsets, 10, seeds=range(25))
    seconds = time.process_time() - start
    return {"name": "25 probes × 400 steps, 60 labels, 512-d: 5 s over", "ratio": 5 / seconds, "goal": 1.0,
            "detail": f"{seconds:.2f} s"}


def ratios():
    """Rows for the table of `python -m tests.benchmarks`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [*(fused(n, goal, width=w) for w in (8, 16) for n, goal in ((10, 5.0), (40, 2.0))), probes()]
    finally:
        torch.set_num_threads(threads)
