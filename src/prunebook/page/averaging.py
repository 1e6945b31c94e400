"""How far scores depend on the number of networks they are averaged over (Data Diet, figures 10 and 11)."""

import itertools
import math

import numpy as np
import pandas as pd

from prunebook.arrays.checks import integer
from prunebook.arrays.ranks import spearman

WHOLE, DISJOINT = "with all networks, of which they are a part", "with as many other networks"


def over_networks(scores, *, draws=20, seed=0):
    """Spearman's ρ of means over k networks, scores (networks, N): a frame `networks`, `compared`, `correlation`.

    `compared` is WHOLE, with the mean over all networks, for every k; or DISJOINT, with the mean over k networks that
    are not among them, as far as there are twice k. Up to `draws` sets a k, all of them where there are no more; rows
    of one network are in the order of the networks. A part correlates with its whole also where networks share nothing:
    ρ is then about √(k/n). ValueError for fewer than two networks or scores of unequal shape.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 2 or len(scores) < 2:
        raise ValueError(f"scores: shape {scores.shape}; it must be (networks, N) with at least two networks")
    draws, random, n = integer("draws", draws, 1), np.random.default_rng(seed), len(scores)
    rows, whole = [], scores.mean(axis=0)
    for k in range(1, n + 1):
        for chosen in _sets(n, k, draws, random):
            rows.append((k, WHOLE, spearman(scores[chosen].mean(axis=0), whole)))
        if 2 * k <= n:
            for one, other in _pairs(n, k, draws, random):
                rows.append((k, DISJOINT, spearman(scores[one].mean(axis=0), scores[other].mean(axis=0))))
    return pd.DataFrame(rows, columns=["networks", "compared", "correlation"])


def _sets(n, k, draws, random):
    """Up to `draws` different sets of k out of n, each a list, ascending."""
    if math.comb(n, k) <= draws:
        return [list(chosen) for chosen in itertools.combinations(range(n), k)]
    found = {}
    while len(found) < draws:
        found[tuple(sorted(random.choice(n, k, replace=False).tolist()))] = None
    return [list(chosen) for chosen in found]


def _pairs(n, k, draws, random):
    """Up to `draws` different pairs of disjoint sets of k out of n; the order within a pair does not count."""
    total = math.comb(n, k) * math.comb(n - k, k) // 2
    found = {}
    while len(found) < min(draws, total):
        order = random.permutation(n)[: 2 * k].tolist()
        pair = sorted((tuple(sorted(order[:k])), tuple(sorted(order[k:]))))
        found[tuple(pair)] = None
    return [(list(one), list(other)) for one, other in found]
