"""Many small trainings at once: K networks of one architecture in one, each as if trained alone."""

import torch

from prunebook.training.batches import DTYPES, Batches
from prunebook.training.device import ran_out_of_memory, resolve_device
from prunebook.training.grouped import Grouped
from prunebook.training.loop import check_examples, evaluate_all, fit


def train_together(models, images, labels, subsets, settings, *, mean, std, seeds, device="cpu", progress=None,
                   group=None):
    """Train K `models` of one architecture in place, model k on images[subsets[k]]; returns K Histories.

    `images`: (N, C, H, W) uint8, the whole resident set; `labels` (N,); `subsets` (K, n) indices; `seeds` (K,).
    Each training is the one `train` does with seeds[k], up to rounding. `group`: how many share a network (None:
    what was measured to be fastest); it is halved when memory runs out. `progress(done, total, loss=…)` counts
    epochs over all groups. Raises ValueError for bad subsets or labels, MemoryError if a single run does not fit.
    """
    device, subsets = resolve_device(device), torch.as_tensor(subsets)
    _check(models, images, labels, subsets, seeds)
    images, labels = images.to(device), labels.to(device)
    group = group or group_size(models[0], images.shape[-1], min(settings.batch_size, subsets.shape[1]), device)
    epochs, histories, start = settings.plan(subsets.shape[1])[2], [], 0
    while start < len(models):
        # Even groups: 21 runs in groups of 20 are 11 and 10, not 20 and a lonely slow one.
        left = len(models) - start
        part = slice(start, start + -(-left // -(-left // group)))
        inform = progress and _counting(progress, start, part.stop, epochs, len(models))
        batches = Batches(images, labels, subsets[part], settings, seeds[part], mean=mean, std=std)
        try:
            histories += _train_group(models[part], batches, settings, device, inform)
        except (RuntimeError, MemoryError) as error:
            if not ran_out_of_memory(error):
                raise
            if len(models[part]) == 1:
                raise MemoryError(f"batch_size: one training with batches of {batches.size} images of "
                                  f"{tuple(images.shape[1:])} does not fit into the memory of {device}; "
                                  "use a smaller batch_size") from error
            group = len(models[part]) // 2  # the models themselves are untouched until their group is done
            continue
        start = part.stop
    return histories


def _train_group(models, batches, settings, device, progress):
    for model in models:
        model.to(device, DTYPES[settings.precision], memory_format=torch.channels_last)
    if len(models) == 1:
        return fit(models[0], batches, settings, progress=progress)
    grouped = Grouped(models).to(device, memory_format=torch.channels_last)
    histories = fit(grouped, batches, settings, progress=progress)
    grouped.restore(models)
    return histories


def evaluate_together(models, images, labels, *, mean, std, precision="float32", batch_size=1000, device="cpu"):
    """Accuracies in [0, 1] of K `models` on the same uint8 images (n, C, H, W); the models keep their modes."""
    return evaluate_all(models, images, labels, mean=mean, std=std, precision=precision, batch_size=batch_size,
                        device=device)


def group_size(model, image_size, batch, device):
    """How many trainings to fuse: images of `image_size` pixels a side, `batch` of them a step; 1: one by one."""
    if sum(parameter.numel() for parameter in model.parameters()) > 3_000_000:
        return 1  # wide networks fill the cores alone: ResNet-18 of width 64 loses a tenth when fused by four
    pixels = batch * image_size**2
    if torch.device(device).type == "cuda":
        return 16 if pixels <= 100_000 else 1  # not measured; small steps are bound by kernel launches
    # CPU time a model-step on one thread, minimum of interleaved rounds (the first are in bench_fused.py):
    # ResNet-8, 8×8, fp32: 10 labels 2.7 ms alone, 0.9 by 16 or 32, 1.1 by 126; 40 labels 5.0, 2.7, 3.4 ms.
    # ResNet-18 width 16, pool stem, 32×32, bf16: batch 20: 21.5 ms alone, 13.1 by 5, 12.7 by 10, 12.3 by 20;
    # 60: 36, 32, 33, 40 ms; 200: 92, 107 by 5. In fp32: 21, 16.5, 18, 19; 46, 44, 45, 58; 124, 139 ms.
    # Small steps are bound by the cost of each call, which a group shares; large ones by memory, which it exhausts.
    limits = {5_000: 32, 15_000: 16, 30_000: 10, 80_000: 5}
    return next((size for limit, size in limits.items() if pixels <= limit), 1)


def _counting(progress, start, stop, epochs, runs):
    """`progress` of a group as a part of all: epochs of all runs, done and in total."""
    def inform(done, total, **values):
        progress(epochs * start + done * (stop - start), epochs * runs, **values)
    return inform


def _check(models, images, labels, subsets, seeds):
    if subsets.ndim != 2 or len(subsets) != len(models) or len(seeds) != len(models) or not len(models):
        raise ValueError(f"models, subsets, seeds: {len(models)} models, subsets of shape {tuple(subsets.shape)}, "
                         f"{len(seeds)} seeds; they must be K, (K, n) and K with K at least 1")
    if subsets.shape[1] == 0:
        raise ValueError("subsets: they are empty; at least one example is needed in each")
    if int(subsets.min()) < 0 or int(subsets.max()) >= len(images):
        raise ValueError(f"subsets: indices must be from 0 to {len(images) - 1}")
    check_examples(models[0], images, labels)
