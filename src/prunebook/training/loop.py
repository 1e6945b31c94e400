"""The training loop: one for all, whether the network is one model or many fused into one."""

import copy
import time
from dataclasses import asdict, dataclass

import torch
from torch import nn
from torch.nn import functional

from prunebook.arrays.checks import choice, integer
from prunebook.datasets.augment import normalize
from prunebook.training.batches import DTYPES, Batches
from prunebook.training.checkpoint import Checkpoint
from prunebook.training.device import ran_out_of_memory, resolve_device


@dataclass(frozen=True)
class History:
    """What a training reports: wall seconds (its share, where fused), steps, and the last epoch's training figures."""

    seconds: float
    steps: int
    train_accuracy: float
    train_loss: float


def train(model, images, labels, settings, *, mean, std, seed, device="cpu", checkpoint=None, progress=None):
    """Train `model` in place on a subset, uint8 (n, C, H, W) with labels (n,); returns a History.

    `mean`, `std`: per channel, of images in [0, 1]. `seed`: of batch order and augmentation (weights are as given).
    `checkpoint`: a Checkpoint; a training stopped after a save and started again ends bit for bit as if it had run
    through. `progress(done, total, loss=…)` is called after each epoch. Raises ValueError for an empty subset or
    labels out of range, MemoryError where the training does not fit.
    """
    device = resolve_device(device)
    check_examples(model, images, labels)
    subsets = torch.arange(len(images))[None]
    batches = Batches(images.to(device), labels.to(device), subsets, settings, [seed], mean=mean, std=std)
    model.to(device, DTYPES[settings.precision], memory_format=torch.channels_last)
    try:
        return fit(model, batches, settings, checkpoint=checkpoint, progress=progress)[0]
    except (RuntimeError, MemoryError) as error:
        if not ran_out_of_memory(error):
            raise
        raise MemoryError(f"batch_size: a training with batches of {batches.size} images of {tuple(images.shape[1:])} "
                          f"does not fit into the memory of {device}; use a smaller batch_size") from error


def fit(network, batches, settings, *, checkpoint=None, progress=None):
    """Train `network`, (K·b, C, H, W) images -> (K·b, classes) logits, on K runs' batches; returns K Histories."""
    checkpoint = checkpoint or Checkpoint()
    runs, examples = batches.subsets.shape
    each, steps, epochs = settings.plan(examples)
    optimizer = make_optimizer(network.parameters(), settings)
    identity = repr((asdict(settings), runs, examples, [g.initial_seed() for g in batches.generators]))
    epoch, seconds, figures, state = 0, 0.0, None, checkpoint.load()
    if state is not None and state.get("identity") == identity:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        batches.restore(state["generators"])
        epoch, seconds, figures = state["epoch"], state["seconds"], state["figures"]
    network.train()
    while epoch < epochs:
        start, last = time.perf_counter(), epoch + 1 == epochs
        batches.epoch()
        count = min(each, steps - epoch * each)
        total, correct, seen = 0.0, 0.0, 0
        for i in range(count):
            for group in optimizer.param_groups:
                group["lr"] = settings.rate(epoch, epoch * each + i, epochs, steps)
            images, labels = batches.batch(i)
            losses, logits = step(network, optimizer, images, labels, runs, settings.precision)
            seen += len(labels) // runs
            if progress or last:
                total = total + losses.sum(1)
            if last:
                correct = correct + (logits.argmax(1) == labels).view(runs, -1).sum(1)
        if last:  # one transfer a training: asking a GPU for numbers stops it
            figures = {"loss": (total.double() / seen).tolist(), "accuracy": (correct.double() / seen).tolist()}
        epoch, seconds = epoch + 1, seconds + time.perf_counter() - start
        if progress:
            progress(epoch, epochs, loss=float(total.mean()) / seen)
        if checkpoint.due() or (last and checkpoint.path):
            checkpoint.save({
                "identity": identity, "network": network.state_dict(), "optimizer": optimizer.state_dict(),
                "generators": batches.state(), "epoch": epoch, "seconds": seconds, "figures": figures,
            })
    pairs = zip(figures["accuracy"], figures["loss"])
    return [History(seconds / runs, steps, accuracy, loss) for accuracy, loss in pairs]


def step(network, optimizer, images, labels, runs, precision):
    """One optimizer step on the mean loss of each run; returns detached losses (runs, b) and logits (runs·b, C)."""
    with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        logits = network(images)
    logits = logits.float() if precision == "bfloat16" else logits
    losses = functional.cross_entropy(logits, labels, reduction="none").view(runs, -1)
    optimizer.zero_grad(set_to_none=True)
    losses.mean(1).sum().backward()  # a run's parameters occur in its own mean only, so the sum keeps runs apart
    optimizer.step()
    return losses.detach(), logits.detach()


def make_optimizer(parameters, settings):
    """The torch optimizer of `settings`; all of them act on each weight alone, so fused runs stay apart."""
    # torch's fused kernels: one pass over the weights, which is a third of a small network's step otherwise.
    if settings.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=settings.lr, weight_decay=settings.weight_decay, fused=True)
    return torch.optim.SGD(parameters, lr=settings.lr, momentum=settings.momentum, nesterov=settings.nesterov,
                           weight_decay=settings.weight_decay, fused=True)


def check_examples(model, images, labels):
    """Raise ValueError unless images (n, C, H, W) uint8 and labels (n,) in the model's classes are there, n >= 1."""
    if images.dtype != torch.uint8 or images.ndim != 4:
        raise ValueError(f"images: {images.dtype} of shape {tuple(images.shape)}; they must be uint8 (n, C, H, W)")
    if len(images) == 0:
        raise ValueError("images: the subset is empty; at least one example is needed")
    if labels.shape != (len(images),):
        raise ValueError(f"labels: shape {tuple(labels.shape)}; there must be one for each of {len(images)} images")
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    classes = linear[-1].out_features if linear else None
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or (classes is not None and high >= classes):
        valid = "classes start at 0" if classes is None else f"the model has classes 0 to {classes - 1}"
        raise ValueError(f"labels: {low if low < 0 else high} is out of range; {valid}")


def evaluate(model, images, labels, *, mean, std, precision="float32", batch_size=1000, device="cpu"):
    """Accuracy in [0, 1] of `model` on uint8 images (n, C, H, W) with labels (n,); the model keeps its mode."""
    return evaluate_all([model], images, labels, mean=mean, std=std, precision=precision, batch_size=batch_size,
                        device=device)[0]


@torch.inference_mode()
def evaluate_all(models, images, labels, *, mean, std, precision, batch_size, device):
    """Accuracies of `models` on the same images; each batch is prepared once, then every model sees it."""
    device, dtype = resolve_device(device), DTYPES[choice("precision", precision, tuple(DTYPES))]
    integer("batch_size", batch_size, 1)
    check_examples(models[0], images, labels)
    modes = [[(module, module.training) for module in model.modules()] for model in models]
    models = [copy.deepcopy(m) if next(m.parameters()).dtype != dtype else m for m in models]
    models = [m.to(device, dtype, memory_format=torch.channels_last).eval() for m in models]
    correct = torch.zeros(len(models), dtype=torch.int64, device=device)
    try:
        for i in range(0, len(images), batch_size):
            batch = normalize(images[i : i + batch_size].to(device), mean, std, dtype)
            batch = batch.contiguous(memory_format=torch.channels_last)
            truth = labels[i : i + batch_size].to(device)
            with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
                for k, model in enumerate(models):
                    correct[k] += (model(batch).argmax(1) == truth).sum()
    finally:
        for mode in modes:
            for module, training in mode:
                module.training = training
    return (correct.double() / len(images)).tolist()
