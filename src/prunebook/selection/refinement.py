"""A second selection among the candidates of a first one (norms, section 4: twice the budget, then half)."""

import numpy as np

from prunebook.arrays import checks
from prunebook.selection.orthogonal import gram_schmidt
from prunebook.selection.sampling import norm_sampling, uniform


def refine(candidates, features, budget, *, by="norm", labeled=(), seed):
    """Pick `budget` of `candidates` by "norm", "gram_schmidt" or "uniform"; `features` (N, d) are of the whole pool.

    Row numbers of the pool go in and come out, int64 in pick order. Candidates among `labeled` are left out;
    Gram-Schmidt projects all labeled rows out first.
    """
    features = checks.rows("features", features)
    candidates = checks.indices("candidates", candidates, len(features))
    labeled = checks.indices("labeled", labeled, len(features))
    checks.choice("by", by, ("norm", "gram_schmidt", "uniform"))
    candidates = candidates[~np.isin(candidates, labeled)]
    if not candidates.size:
        raise ValueError("candidates: nothing to pick from; at least one must not be among labeled")
    budget = checks.integer("budget", budget, 1, candidates.size)
    if by == "uniform":
        return candidates[uniform(candidates.size, budget, seed=seed)]
    if by == "norm":
        return candidates[norm_sampling(features[candidates], budget, seed=seed)]
    rows = np.concatenate([candidates, labeled])
    known = np.arange(candidates.size, rows.size)
    return rows[gram_schmidt(features[rows], budget, labeled=known, seed=seed)]
