"""Uniform and norm sampling (norms, eq. (1))."""

import math

import numpy as np

from prunebook.arrays import checks


def uniform(n, budget, *, labeled=(), seed):
    """Draw `budget` of n rows uniformly without replacement, never `labeled`; int64 indices in draw order."""
    budget, _, unlabeled = checks.pool(budget, labeled, checks.integer("n", n, 1))
    return checks.generator(seed).choice(unlabeled, budget, replace=False)


def norm_sampling(features, budget, *, order=2, randomize=True, labeled=(), seed):
    """Draw rows of (N, d) features with probability proportional to their norm (norms, eq. (1)).

    Without replacement, one after the other; `order` 1, 2 or inf; `randomize=False` takes the largest, ties the
    lowest index. Rows of norm zero are never picked. Returns int64 indices in pick order.
    """
    from prunebook.arrays.distances import rescaled, row_norms

    features = checks.rows("features", features)
    budget, _, unlabeled = checks.pool(budget, labeled, len(features))
    checks.choice("order", order, (1, 2, math.inf))
    rng = checks.generator(seed)
    norms = row_norms(rescaled(features), order).cpu().numpy()[unlabeled]
    usable = np.flatnonzero(norms)
    if budget > usable.size:
        raise ValueError(f"budget: {budget} is not valid; only {usable.size} unlabeled rows have a norm above zero")
    keys = -norms[usable]
    if randomize:  # the first arrivals of an exponential race at these rates are draws one after the other
        keys = np.log(rng.standard_exponential(usable.size)) - np.log(norms[usable])
    return unlabeled[usable[np.argsort(keys, kind="stable")[:budget]]]
