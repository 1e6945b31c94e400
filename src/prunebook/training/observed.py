"""A training that is watched: which examples were classified correctly when seen, and the weights on the way."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from prunebook.training.batches import DTYPES, Batches
from prunebook.training.device import ran_out_of_memory, resolve_device
from prunebook.training.loop import check_examples, fit


@dataclass
class Observation:
    """`correct` and `seen`: (epochs, N) bool, on the mini-batch as trained; `weights`: epoch -> state dict on the CPU.

    A prediction is that of the training step itself: augmented image, batch statistics, before the update. With
    `drop_last` a few examples of each epoch are not seen.
    """

    correct: torch.Tensor
    seen: torch.Tensor
    weights: dict = field(default_factory=dict)


class _Observed(Batches):
    """Batches that know which examples the last one held; what was observed is part of their state."""

    def __init__(self, *arguments, epochs, **options):
        super().__init__(*arguments, **options)
        blank = torch.zeros((epochs, len(self.images)), dtype=torch.bool, device=self.images.device)
        self.drawn, self.observation = 0, Observation(blank, blank.clone())

    def epoch(self):
        super().epoch()
        self.drawn += 1

    def batch(self, i):
        self.last = self.index[0, i * self.size : (i + 1) * self.size]
        return super().batch(i)

    def watch(self, _module, _inputs, logits):
        """The forward hook of the network in training."""
        row, index = self.drawn - 1, self.last
        self.observation.correct[row, index] = logits.detach().argmax(1) == self.labels[index]
        self.observation.seen[row, index] = True

    def state(self):
        return {"generators": super().state(), "drawn": self.drawn, "observation": vars(self.observation)}

    def restore(self, states):
        super().restore(states["generators"])
        self.drawn, kept = states["drawn"], states["observation"]
        self.observation.correct.copy_(kept["correct"])
        self.observation.seen.copy_(kept["seen"])
        self.observation.weights = kept["weights"]


@contextmanager
def fitting(batch_size, images, device):
    """Turn an error that says that memory ran out into a MemoryError that names the batch size."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not ran_out_of_memory(error):
            raise
        raise MemoryError(f"batch_size: a training with batches of {batch_size} images of {tuple(images.shape[1:])} "
                          f"does not fit into the memory of {device}; use a smaller batch_size") from error


def train_observed(model, images, labels, settings, *, mean, std, seed, at, device="cpu", checkpoint=None,
                   progress=None):
    """Train `model` in place as `training.loop.train` does, on all of `images`; returns (History, Observation).

    `at`: the epochs, counted from 1, after which the weights are kept. `progress(done, total, loss=…)` is called
    after each epoch. Costs nothing beyond the training but the copies. Raises ValueError as `train` does, and for an
    epoch in `at` that the training does not reach, and MemoryError.
    """
    device = resolve_device(device)
    check_examples(model, images, labels)
    epochs = settings.plan(len(images))[2]
    beyond = [epoch for epoch in at if not 1 <= epoch <= epochs]
    if beyond:
        raise ValueError(f"at: epoch {beyond[0]} is not one of this training; it has epochs 1 to {epochs}")
    batches = _Observed(images.to(device), labels.to(device), torch.arange(len(images))[None], settings, [seed],
                        mean=mean, std=std, epochs=epochs)
    model.to(device, DTYPES[settings.precision], memory_format=torch.channels_last)
    seen = batches.observation

    def after(done, total, **values):
        if done in at:
            seen.weights[done] = {k: v.detach().to("cpu", copy=True) for k, v in model.state_dict().items()}
        if progress:
            progress(done, total, **values)

    hook = model.register_forward_hook(batches.watch)
    try:
        with fitting(batches.size, images, device):
            history = fit(model, batches, settings, checkpoint=checkpoint, progress=after)[0]
    finally:
        hook.remove()
    return history, Observation(seen.correct.cpu(), seen.seen.cpu(), seen.weights)
