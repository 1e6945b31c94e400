"""Scores from the error of a prediction (Data Diet, equation 9)."""

import numpy as np
import torch

from prunebook.arrays import checks


def el2n(probabilities, labels):
    """Norms of prediction errors, ‖p − y‖₂ with one-hot y: (N, C), (N,) -> (N,) in [0, √2], as numpy.

    `probabilities`: softmax outputs of one network; the score of several is the mean of theirs (equation 9, B.3).
    Computed on the device and in the precision given (half precision in float32). Raises ValueError for rows that
    are not probabilities and for labels that are not N integers from 0 to C − 1.
    """
    probabilities = checks.probabilities("probabilities", probabilities)
    labels = class_labels(labels, *probabilities.shape).to(probabilities.device)
    errors = probabilities.clone()
    errors[torch.arange(len(labels), device=labels.device), labels] -= 1
    return torch.linalg.vector_norm(errors, dim=1).cpu().numpy()


def class_labels(labels, size, classes):
    """Return `labels` as an int64 tensor (size,) with values in [0, classes); otherwise a ValueError."""
    if not isinstance(labels, torch.Tensor):
        labels = np.asarray(labels)
        if labels.dtype.kind not in "iu":
            raise ValueError(f"labels: type {labels.dtype} is not valid; they must be integers")
        labels = torch.tensor(labels.astype(np.int64))
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels: type {labels.dtype} is not valid; they must be integers")
    if labels.shape != (size,):
        raise ValueError(f"labels: shape {tuple(labels.shape)} is not valid; there must be one for each of {size} rows")
    labels = labels.to(torch.int64)
    outside = labels[(labels < 0) | (labels >= classes)]
    if len(outside):
        raise ValueError(f"labels: {int(outside[0])} is out of range; with {classes} classes they go from 0 to "
                         f"{classes - 1}")
    return labels
