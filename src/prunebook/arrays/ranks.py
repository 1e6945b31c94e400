"""Ranks and rank correlation of long lists of scores; infinities have their place in the order.

As scipy.stats has them (tested against it); importing that takes a second, and a published page may take two.
"""

import numpy as np


def mean_ranks(values):
    """Ranks (N,) float64 from 1, ascending; ties share their mean rank. ValueError unless numbers (N,) without NaN."""
    values = np.asarray(values)
    if values.ndim != 1 or values.dtype.kind not in "fiub" or np.isnan(values).any():
        raise ValueError(f"values: {values.dtype} of shape {values.shape}, with or without NaN; must be numbers (N,)")
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[codes]


def spearman(*scores):
    """Spearman's ρ of two lists of scores (N,); of more than two the matrix (k, k) of all pairs. NaN for a constant."""
    if len({len(each) for each in scores}) != 1 or len(scores) < 2:
        raise ValueError(f"scores: lengths {[len(each) for each in scores]}; at least two lists of equal length")
    ranks = np.stack([mean_ranks(each) for each in scores])
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        matrix = ranks @ ranks.T / np.outer(length, length)
    return float(matrix[0, 1]) if len(scores) == 2 else matrix
