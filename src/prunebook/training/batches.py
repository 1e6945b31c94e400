"""Batches of K trainings at once, from images that stay where they are; each training has its own random numbers."""

import torch

from prunebook.datasets.augment import crop_flip, draw_crop_flip, normalize

PADDING = 4  # pixels, as in He et al. 2016 and all five papers
DTYPES = {"float32": torch.float32, "bfloat16": torch.float32, "float64": torch.float64}


class Batches:
    """Batches for K runs: `epoch()` draws, then `batch(i)` -> (K·b, C, H, W) images and (K·b,) labels, run by run.

    `images`: (N, C, H, W) uint8 and `labels` (N,), both on the device; `subsets`: (K, n) indices into them. Run k
    draws from its own generator (`seeds[k]`), always permutation, offsets, flips: it never sees its neighbours.
    """

    def __init__(self, images, labels, subsets, settings, seeds, *, mean, std):
        self.images, self.labels, self.subsets = images, labels, subsets.to(images.device)
        self.settings, self.mean, self.std = settings, mean, std
        self.size = min(settings.batch_size, subsets.shape[1])
        # Generators stay on the CPU, so that a seed means the same training on every device.
        self.generators = [torch.Generator().manual_seed(int(seed)) for seed in seeds]

    def epoch(self):
        """Draw the order, crops and flips of one pass over every subset."""
        n, augment = self.subsets.shape[1], self.settings.augment == "crop_flip"
        orders, offsets, flips = [], [], []
        for generator in self.generators:
            orders.append(torch.randperm(n, generator=generator))
            if augment:
                offset, flip = draw_crop_flip(n, PADDING, generator)
                offsets.append(offset)
                flips.append(flip)
        device = self.images.device
        self.index = self.subsets.gather(1, torch.stack(orders).to(device))
        if augment:
            self.offsets, self.flips = torch.stack(offsets).to(device), torch.stack(flips).to(device)

    def batch(self, i):
        """Batch `i` of the epoch drawn last."""
        part = slice(i * self.size, (i + 1) * self.size)
        index = self.index[:, part].flatten()
        images = self.images[index]
        if self.settings.augment == "crop_flip":
            offsets, flips = self.offsets[:, part].flatten(0, 1), self.flips[:, part].flatten()
            images = crop_flip(images, offsets, flips, padding=PADDING)
        return normalize(images, self.mean, self.std, DTYPES[self.settings.precision]), self.labels[index]

    def state(self):
        """States of the generators, for a checkpoint."""
        return [generator.get_state() for generator in self.generators]

    def restore(self, states):
        """Go on from the generator states of a checkpoint."""
        for generator, state in zip(self.generators, states):
            generator.set_state(state)
