"""What others found out about the training images of CIFAR, one entry an image in torchvision's order."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prunebook.arrays.checks import choice
from prunebook.datasets import sets
from prunebook.datasets.files import DataError, data_root

CIFAR_N = (
    "the arrays of the .pt file of that name by Wei et al., ICLR 2022, "
    "https://github.com/UCSC-REAL/cifar-10-100n"
)
C_SCORES = "by Jiang et al., ICML 2021, https://pluskid.github.io/structural-regularity/"
MEMORIZATION = "by Feldman and Zhang, NeurIPS 2020, https://pluskid.github.io/influence-memorization/"

HUMAN = {  # the file, and our name of each of its arrays
    "cifar10": ("cifar-n/CIFAR-10_human.npz", {
        "aggre": "aggre_label", "random1": "random_label1", "random2": "random_label2", "random3": "random_label3",
        "worse": "worse_label", "clean": "clean_label",
    }),
    "cifar100": ("cifar-n/CIFAR-100_human.npz", {
        "fine": "noisy_label", "coarse": "noisy_coarse_label", "clean": "clean_label",
        "clean_coarse": "clean_coarse_label",
    }),
}
COARSE_CLASSES = 20
PAIRS = "example-scores/cifar100_high_infl_pairs_infl0.15_mem0.25.npz"
IMAGES = (50_000, 10_000)  # of CIFAR-100, for training and for testing


def human_labels(name, root=None):
    """CIFAR-N, what people called the training images of "cifar10" or "cifar100": {column: int64 (50000,)}.

    cifar10: three people's answers `random1` to `random3`, their majority `aggre`, and `worse`, a wrong one where there
    is any. cifar100: one person's `fine`, and `coarse`, the one of 20 classes which that is in. `clean` (and
    `clean_coarse`): the data set's own.
    `root`: folder that holds the data sets and `cifar-n` (None: environment variable PRUNEBOOK_DATA). Raises
    DataError for a missing or damaged file, or one whose `clean` is not the data set's labels.
    """
    file, columns = HUMAN[choice("name", name, tuple(HUMAN))]
    path, arrays = _arrays(name, root, file, columns.values(), CIFAR_N)
    data = sets.load(name, root)
    truth = data.train_labels.numpy()
    _same_labels(path, arrays["clean_label"], truth)
    for column, array in arrays.items():
        classes = COARSE_CLASSES if "coarse" in column else data.num_classes
        _check(path, column, array, len(truth), "iu", 0, classes - 1)
    return {column: arrays[stored].astype(np.int64) for column, stored in columns.items()}


def c_scores(name, root=None):
    """C-scores of the training images of "cifar10" or "cifar100", float64 (50000,) in [0, 1]; regular ones have 1.

    The expected accuracy on an image left out of training. `root` and errors as for `human_labels`; the file is
    `example-scores/<name>-cscores-orig-order.npz`.
    """
    choice("name", name, ("cifar10", "cifar100"))
    file = f"example-scores/{name}-cscores-orig-order.npz"
    path, arrays = _arrays(name, root, file, ("labels", "scores"), C_SCORES)
    truth = sets.load(name, root).train_labels.numpy()
    _same_labels(path, arrays["labels"], truth)
    return _check(path, "scores", arrays["scores"], len(truth), "f", 0, 1).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Memorization:
    """Pairs of CIFAR-100 images, (pairs,) each: a test image and a training image that matters for it.

    `influence`: by how much the training image raises the accuracy on the test image; `memorization`: by how much it
    raises that on itself. A training image may be in several pairs.
    """

    train_index: np.ndarray
    test_index: np.ndarray
    influence: np.ndarray
    memorization: np.ndarray


def memorization(root=None):
    """The 1,015 pairs of CIFAR-100 with influence above .15 and memorization of at least .25 (-> Memorization).

    They are those of Data Diet's figure 19. `root` and errors as for `human_labels`; the file is in `example-scores`.
    """
    path, arrays = _arrays("cifar100", root, PAIRS, ("tr_idx", "tt_idx", "infl", "mem"), MEMORIZATION)
    count = arrays["tr_idx"].size
    train, test = (
        _check(path, column, arrays[column], count, "iu", 0, images - 1).astype(np.int64)
        for column, images in zip(("tr_idx", "tt_idx"), IMAGES)
    )
    influence, values = (
        _check(path, column, arrays[column], count, "f", -1, 1).astype(np.float64) for column in ("infl", "mem")
    )
    return Memorization(train, test, influence, values)


def _arrays(name, root, file, wanted, source):
    """Path of `file` below the data folder, and its arrays by name; DataError where any cannot be had."""
    path = Path(data_root(name, root, f"{file} ({source})")) / file
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return path, {column: stored[column] for column in wanted}
    except FileNotFoundError:
        raise DataError(f"{name}: {path} is missing; set PRUNEBOOK_DATA (or --data) to the folder that holds {file} "
                        f"({source})") from None
    except OSError as error:
        raise DataError(f"{name}: {path} cannot be read ({error.strerror or error}) ({source})") from error
    except Exception as error:  # a damaged zip file raises many kinds
        raise DataError(f"{name}: {path} is damaged or another file ({error}); it must be an npz with the arrays "
                        f"{', '.join(wanted)} ({source})") from error


def _check(path, column, array, count, kinds, low, high):
    """Return `array` if it is (count,), of one of the dtype kinds and in [low, high]; otherwise DataError."""
    if array.shape != (count,) or array.dtype.kind not in kinds:
        raise DataError(f"{path} is damaged: {column} is {array.dtype} of shape {array.shape}, not {count:,} "
                        f"{'numbers' if 'f' in kinds else 'integers'}")
    if not ((array >= low) & (array <= high)).all():  # also false for NaN
        raise DataError(f"{path} is damaged: {column} holds values outside [{low}, {high}]")
    return array


def _same_labels(path, found, truth):
    """DataError unless the labels in the file are those of the data set, image by image."""
    if found.shape != truth.shape or not np.array_equal(found, truth):
        many = f"{int((found != truth).sum()):,} of {len(truth):,} differ" if found.shape == truth.shape else (
            f"there are {found.size:,}, not {len(truth):,}")
        raise DataError(f"{path} is not in the order of the data set: its labels are not the data set's ({many})")
