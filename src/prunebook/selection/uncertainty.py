"""Uncertainty of predictions (prunefuse, section 4; as in Selection via Proxy)."""

import numpy as np

from prunebook.arrays import checks


def least_confidence(probabilities, budget):
    """The `budget` rows of (N, C) probabilities whose largest one is smallest, ties the lowest index; int64."""
    probabilities = checks.probabilities("probabilities", probabilities)
    return _first(probabilities.max(1).values, budget)


def entropy(probabilities, budget):
    """The `budget` rows of (N, C) probabilities with the largest entropy, ties the lowest index; int64."""
    import torch

    probabilities = checks.probabilities("probabilities", probabilities)
    terms = torch.special.entr(probabilities.double()).sort(1).values  # sorted, so that ties do not hang on the classes
    return _first(-terms.sum(1), budget)


def _first(scores, budget):
    budget = checks.integer("budget", budget, 1, len(scores))
    return np.argsort(scores.cpu().numpy(), kind="stable")[:budget].astype(np.int64)
