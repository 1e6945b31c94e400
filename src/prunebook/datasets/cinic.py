"""CINIC-10 (Darlow et al. 2018): folders of PNG files, decoded once and kept beside them as one file of arrays."""

import contextlib
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from prunebook.datasets.files import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PARTS = {"train": ("train", "valid"), "test": ("test",)}  # the training set is two splits together
FOLDERS = ("CINIC-10", "cinic-10")
CACHE = "CINIC-10.decoded.npz"
SIDE = 32
IN_CLASS = 9000  # images of a class in each split
WANTED = (
    "CINIC-10, with its train, valid and test unpacked from CINIC-10.tar.gz of "
    "https://datashare.ed.ac.uk/handle/10283/3192 (--download does not fetch it)"
)


def read(root):
    """Read all images: ((train images, train labels, test images, test labels), class names).

    Training set: train, then valid; within each the order of torchvision's ImageFolder, by class and file name.
    From the cache where it is sound; otherwise decoded, and the cache written where `root` can be written to. Raises
    DataError for a missing folder, a class without its 9,000 images, and the first file that is not RGB of 32×32.
    """
    images = _cached(root / CACHE)
    if images is None:
        images = _decode(_paths(_folder(root)))
        _keep(root / CACHE, images)
    labels = torch.arange(len(CLASSES)).repeat_interleave(IN_CLASS)
    train, test = (torch.from_numpy(images[part]) for part in PARTS)
    return (train, labels.repeat(2), test, labels), CLASSES


def _folder(root):
    for name in FOLDERS:
        if (root / name).is_dir():
            return root / name
    raise DataError(f"cinic10: {root / FOLDERS[0]} is missing; set PRUNEBOOK_DATA (or --data) to the folder that holds "
                    f"{WANTED}")


def _paths(folder):
    """Image files of each split and class, sorted by name: {(split, class): [path]}; DataError where any lack."""
    splits = [split for part in PARTS.values() for split in part]
    found = {(s, c): sorted(str(path) for path in (folder / s / c).glob("*.png")) for s in splits for c in CLASSES}
    wrong = [f"{split}/{label} {len(paths):,}" for (split, label), paths in found.items() if len(paths) != IN_CLASS]
    if wrong:
        more = f" and {len(wrong) - 3} others" if len(wrong) > 3 else ""
        counts = ", ".join(f"{sum(len(found[s, c]) for c in CLASSES):,} in {s}" for s in splits)
        raise DataError(
            f"cinic10: {folder} is not complete: {counts}, instead of {IN_CLASS * len(CLASSES):,} each with "
            f"{IN_CLASS:,} a class ({', '.join(wrong[:3])}{more}); unpack CINIC-10.tar.gz there again"
        )
    return found


def _decode(paths):
    """Pixels uint8 (images, 3, 32, 32) of each part; a thread decodes a class, the first bad file ends it."""
    images = {part: np.empty(_shape(part), np.uint8) for part in PARTS}
    executor = ThreadPoolExecutor(os.cpu_count())
    try:
        jobs = []
        for part, splits in PARTS.items():
            folders = [paths[split, label] for split in splits for label in CLASSES]
            places = np.split(images[part], len(folders))
            jobs += [executor.submit(_decode_class, folder, place) for folder, place in zip(folders, places)]
        for job in jobs:
            job.result()
    finally:
        executor.shutdown(cancel_futures=True)
    return images


def _decode_class(paths, place):
    from PIL import Image

    for i, path in enumerate(paths):
        try:
            with Image.open(path) as image:
                if image.mode != "RGB" or image.size != (SIDE, SIDE):
                    width, height = image.size
                    raise DataError(f"cinic10: {path} is {width}×{height} in mode {image.mode}; images must be "
                                    f"{SIDE}×{SIDE} in RGB; unpack CINIC-10.tar.gz again")
                place[i] = np.asarray(image).transpose(2, 0, 1)
        except DataError:
            raise
        except Exception as error:  # PIL raises OSError, SyntaxError or ValueError, by where the file is broken
            raise DataError(f"cinic10: {path} cannot be decoded ({error}); unpack CINIC-10.tar.gz again") from error


def _cached(path):
    """Arrays of the cache by part; None where it is missing, damaged (zip files hold checksums) or of another size."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            images = {part: stored[part] for part in PARTS}
    except Exception:  # a damaged zip file raises many kinds; whatever it is, the images are decoded again
        return None
    return images if all(a.shape == _shape(part) and a.dtype == np.uint8 for part, a in images.items()) else None


def _shape(part):
    return len(PARTS[part]) * len(CLASSES) * IN_CLASS, 3, SIDE, SIDE


def _keep(path, images):
    """Write the cache whole or not at all; where that is not possible the next process decodes again."""
    temporary = Path(f"{path}.{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        with contextlib.suppress(OSError):
            with temporary.open("wb") as file:
                np.savez(file, **images)
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
