"""Named data sets: `load(name)` gives training and test images as uint8 tensors with their statistics."""

import dataclasses
import functools
import os
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from prunebook.arrays.checks import choice, integer
from prunebook.datasets import cinic, files

# Mean and standard deviation a channel, pixels in [0, 1]. Those of digits are of its training images; those of
# CINIC-10 are its authors', who do not say over which of its images.
STATISTICS = {
    "digits": ((0.3052,), (0.3761,)),
    "mnist": ((0.1307,), (0.3081,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "cinic10": ((0.47889522, 0.47227842, 0.43047404), (0.24205776, 0.23828046, 0.25874835)),
}
NAMES = tuple(STATISTICS)
DIGITS_TEST = 500


@dataclass(frozen=True, eq=False)
class Dataset:
    """One data set, resident: images uint8 (N, C, H, W), labels int64 (N,); shared in a process, so never write to it.

    `mean`, `std`: one number a channel for pixels in [0, 1].
    """

    name: str
    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor
    num_classes: int
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def enlarged(self, size):
        """The same set with images enlarged bilinearly to size×size and rounded, for networks that need it.

        Pixel centres as in torch's align_corners=False. Raises ValueError for a size below that of the images.
        """
        size = integer("size", size, max(self.train_images.shape[2:]))
        return dataclasses.replace(
            self, train_images=_enlarge(self.train_images, size), test_images=_enlarge(self.test_images, size)
        )


def _enlarge(images, size):
    if images.shape[2:] == (size, size):
        return images
    parts = [functional.interpolate(part.float(), (size, size), mode="bilinear") for part in images.split(4096)]
    return torch.cat([part.round_().to(torch.uint8) for part in parts])


def load(name, root=None, *, download=False):
    """Load `digits`, `mnist`, `cifar10`, `cifar100` or `cinic10` (-> Dataset); each is read once a process.

    `root`: folder in torchvision's layout (None: environment variable PRUNEBOOK_DATA); digits needs none.
    `download` (or PRUNEBOOK_DOWNLOAD=1) fetches what is missing there, but not CINIC-10, whose training set is its
    parts train and valid together (Data Diet, B.2). Raises ValueError for an unknown name and
    DataError, an OSError, for a file that is missing, damaged or unreadable or cannot be fetched.
    """
    choice("name", name, NAMES)
    if name == "digits":
        return _digits()
    if name == "cinic10":
        return _read(name, files.data_root(name, root, cinic.WANTED))
    root = files.data_root(
        name, root, f"{files.folder(name)}, or to an empty one together with --download (PRUNEBOOK_DOWNLOAD=1)"
    )
    if download or os.environ.get("PRUNEBOOK_DOWNLOAD") == "1":
        _fetch(name, root)
    return _read(name, root)


_fetch = functools.cache(files.fetch)


@functools.cache
def _read(name, root):
    parts, class_names = cinic.read(root) if name == "cinic10" else files.read(name, root)
    return _dataset(name, *parts, class_names)


@functools.cache
def _digits():
    """scikit-learn's digits, 1,797 images of 8×8: 1,297 for training, 500 for testing, both in file order.

    The images are lined up by class, each class in file order; every 3.594th (1797/500, the middle of each step) is
    for testing, so each class has its share within one image, whatever the version of scikit-learn.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(np.round(bunch.images * (255 / 16)).astype(np.uint8))[:, None]
    labels = torch.from_numpy(bunch.target.astype(np.int64))
    by_class = np.argsort(bunch.target, kind="stable")
    test = np.zeros(len(labels), bool)
    test[by_class[((np.arange(DIGITS_TEST) + 0.5) * len(labels) / DIGITS_TEST).astype(int)]] = True
    test = torch.from_numpy(test)
    class_names = tuple(str(c) for c in bunch.target_names)
    return _dataset("digits", images[~test], labels[~test], images[test], labels[test], class_names)


def _dataset(name, train_images, train_labels, test_images, test_labels, class_names):
    mean, std = STATISTICS[name]
    return Dataset(
        name, train_images, train_labels, test_images, test_labels, len(class_names), class_names, mean, std
    )
