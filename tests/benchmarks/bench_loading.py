"""Loading at batch 128: resident tensors against torchvision's PIL transforms, one thread each, interleaved."""

import time

import torch
from PIL import Image
from torchvision import transforms

from prunebook.datasets.augment import crop_flip, draw_crop_flip, normalize

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
BATCH, BATCHES, ROUNDS = 128, 20, 7
GOAL = 20


class Pictures(torch.utils.data.Dataset):
    """uint8 (N, H, W, C) arrays handed out as torchvision's CIFAR-10 does."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.transform = transforms.Compose([
            transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(),
            transforms.ToTensor(), transforms.Normalize(MEAN, STD),
        ])

    def __len__(self):
        return len(self.arrays)

    def __getitem__(self, index):
        return self.transform(Image.fromarray(self.arrays[index]))


def resident(images, generator):
    def epoch():
        order = torch.randperm(len(images), generator=generator)
        for rows in order.split(BATCH):
            offsets, flips = draw_crop_flip(len(rows), 4, generator)
            normalize(crop_flip(images.index_select(0, rows), offsets, flips), MEAN, STD)

    return epoch


def loader(arrays, generator):
    batches = torch.utils.data.DataLoader(Pictures(arrays), BATCH, shuffle=True, generator=generator)

    def epoch():
        for _ in batches:
            pass

    return epoch


def ratios():
    """Rows for the table of `python -m tests.benchmarks`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, (BATCH * BATCHES, 3, 32, 32), dtype=torch.uint8, generator=generator)
        epochs = loader(images.permute(0, 2, 3, 1).contiguous().numpy(), generator), resident(images, generator)
        rounds = []
        for _ in range(ROUNDS):  # interleaved
            rounds.append([])
            for epoch in epochs:
                start = time.perf_counter()
                epoch()
                rounds[-1].append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    pil, ours = (min(column) for column in zip(*rounds))  # what other processes took away is not ours
    detail = f"{len(images) / pil:,.0f} and {len(images) / ours:,.0f} images/s, best of {ROUNDS} epochs"
    return [{"name": "crop, flip, normalise at batch 128 over the PIL loader", "ratio": pil / ours, "goal": GOAL,
             "detail": detail}]
