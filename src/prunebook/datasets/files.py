"""Files of CIFAR-10, CIFAR-100 and MNIST: checked one by one, then read, or fetched, through torchvision."""

import hashlib
import os
from pathlib import Path

import torch

# torchvision has checksums of MNIST's archives only; these are of the unpacked files.
MNIST_FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


class DataError(OSError):
    """A data file is missing, damaged or unreadable, or could not be fetched."""


def data_root(name, root, wanted):
    """The data folder: `root`, or where PRUNEBOOK_DATA points; DataError says what is `wanted` there if neither is."""
    root = root or os.environ.get("PRUNEBOOK_DATA")
    if not root:
        raise DataError(
            f"{name}: no data folder is given; set PRUNEBOOK_DATA (or --data) to the folder that holds {wanted}"
        )
    return Path(root).resolve()


def _reader(name):
    from torchvision import datasets

    return {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[name]


def folder(name):
    """Folder below the data root where torchvision keeps the set."""
    return "MNIST/raw" if name == "mnist" else _reader(name).base_folder


def checksums(name):
    """MD5 of every file of the set: {file name: 32 hex digits}."""
    if name == "mnist":
        return MNIST_FILES
    reader = _reader(name)
    return dict(reader.train_list + reader.test_list) | {reader.meta["filename"]: reader.meta["md5"]}


def check(name, root):
    """Check that every file is there, readable and intact; raises DataError with the first that is not."""
    for file_name, expected in checksums(name).items():
        path = Path(root) / folder(name) / file_name
        try:
            with path.open("rb") as file:
                found, size = hashlib.file_digest(file, "md5").hexdigest(), file.tell()
        except FileNotFoundError:
            raise DataError(
                f"{name}: {path} is missing; set PRUNEBOOK_DATA (or --data) to the folder that holds {folder(name)}, "
                "or fetch it with --download (PRUNEBOOK_DOWNLOAD=1)"
            ) from None
        except OSError as error:
            raise DataError(f"{name}: {path} cannot be read ({error.strerror or error})") from error
        if found != expected:
            raise DataError(
                f"{name}: {path} is truncated or damaged ({size:,} bytes with MD5 checksum {found}, not {expected}); "
                "delete it and fetch it again, with --download (PRUNEBOOK_DOWNLOAD=1)"
            )


def fetch(name, root):
    """Download what is missing below `root`, through torchvision; raises DataError when that fails."""
    try:
        check(name, root)
    except DataError:
        try:
            _reader(name)(root, download=True)
        except Exception as error:  # urllib, http, tarfile and torchvision each raise their own
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DataError(
                f"{name}: the download to {root} failed ({reason}); without a network, copy {folder(name)} there "
                "from elsewhere"
            ) from error


def read(name, root):
    """Check and read: ((train images, train labels, test images, test labels), class names)."""
    check(name, root)
    parts = []
    for train in (True, False):
        part = _reader(name)(root, train=train)
        images = torch.as_tensor(part.data)
        images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
        parts += [images.contiguous(), torch.as_tensor(part.targets, dtype=torch.int64)]
    return parts, tuple(label.split(" - ")[0] for label in part.classes)
