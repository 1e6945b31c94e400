"""Images as resident uint8 tensors, augmentation on whole batches, and what is known about single images."""

from prunebook.datasets.annotations import Memorization, c_scores, human_labels, memorization
from prunebook.datasets.files import DataError
from prunebook.datasets.sets import NAMES, Dataset, load

__all__ = ["NAMES", "DataError", "Dataset", "Memorization", "c_scores", "human_labels", "load", "memorization"]
