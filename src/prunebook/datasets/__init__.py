"""Images as resident uint8 tensors, and augmentation on whole batches."""

from prunebook.datasets.files import DataError
from prunebook.datasets.sets import NAMES, Dataset, load

__all__ = ["NAMES", "DataError", "Dataset", "load"]
