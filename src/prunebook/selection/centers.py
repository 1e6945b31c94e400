"""Greedy k-center (prunefuse; Selection via Proxy's k_center_greedy)."""

import numpy as np

from prunebook.arrays import checks


def k_center(features, budget, *, labeled):
    """Pick, one after the other, the row of (N, d) features farthest (Euclidean) from `labeled` and all picks.

    `labeled`: at least one row number, the centers to start from; ties go to the lowest index. int64, pick order.
    """
    import torch

    from prunebook.arrays.distances import nearest, pair_distances, rescaled

    features = checks.rows("features", features)
    budget, labeled, _ = checks.pool(budget, labeled, len(features))
    if not labeled.size:
        raise ValueError("labeled: an empty list is not valid; k-center needs at least one row to start from")
    features = rescaled(features if features.dtype == torch.float64 else features.float())
    # float32 decides which rows a new center may be nearest to, and float64 how near: ties stay ties
    slack = 1 + 2 * features.shape[1] * torch.finfo(features.dtype).eps
    starts = torch.from_numpy(labeled).to(features.device)
    distances = nearest(features, features[starts])[0]
    distances[starts] = -1
    picked = []
    for _ in range(budget):
        index = int(distances.argmax())  # of equal ones the first
        picked.append(index)
        center = features[index : index + 1]
        step = torch.cdist(features, center, compute_mode="donot_use_mm_for_euclid_dist")[:, 0]
        near = (step <= distances * slack).nonzero()[:, 0]
        exact = pair_distances(features, features, near, torch.full_like(near, index))
        distances[near] = torch.minimum(distances[near], exact)
        distances[index] = -1
    return np.array(picked, dtype=np.int64)
