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


def test_resident_augmentation_against_the_pil_loader():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, (BATCH * BATCHES, 3, 32, 32), dtype=torch.uint8, generator=generator)
        epochs = {
            "PIL loader": loader(images.permute(0, 2, 3, 1).contiguous().numpy(), generator),
            "resident": resident(images, generator),
        }
        seconds = {name: [] for name in epochs}
        for _ in range(ROUNDS):
            for name, epoch in epochs.items():
                start = time.perf_counter()
                epoch()
                seconds[name].append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    best = {name: min(values) for name, values in seconds.items()}  # what other processes took away is not ours
    print(f"\ncrop, flip and normalise, batch {BATCH}, 3×32×32, one thread, best of {ROUNDS} interleaved epochs")
    for name, value in best.items():
        print(f"{name:>12} {len(images) / value:>10,.0f} images/s {best['PIL loader'] / value:>7.1f} ×")
    ratio = best["PIL loader"] / best["resident"]
    assert ratio >= GOAL, f"{ratio:.1f} times the PIL loader; the goal is {GOAL}"
