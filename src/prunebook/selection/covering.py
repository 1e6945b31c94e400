"""ProbCover (Yehuda et al. 2022), as the norms paper uses it, and its purity heuristic for δ."""

import math

import numpy as np

from prunebook.arrays import checks
from prunebook.selection.clustering import kmeans


def probcover(features, budget, *, delta, labeled=(), exhausted="error", seed):
    """Pick rows of (N, d) features whose balls of radius `delta` cover most rows not yet covered (ProbCover).

    Rows are L2-normalized; a row covers those at a distance < `delta`, itself included. The balls of `labeled` are
    taken as covered first; ties go to the lowest index. When everything is covered before the budget is spent,
    `exhausted="error"` raises a ValueError that says after how many picks, `"uniform"` draws the rest uniformly
    from the rows left. Returns int64 indices in pick order; no index twice.
    """
    features = checks.rows("features", features)
    budget, labeled, _ = checks.pool(budget, labeled, len(features))
    delta = checks.positive("delta", delta)
    checks.choice("exhausted", exhausted, ("error", "uniform"))
    rng = checks.generator(seed)
    return _select(_graph(features, delta), budget, labeled, exhausted, rng)


def purity_delta(features, num_classes, *, purity=0.95, seed):
    """The largest δ at which at least a share `purity` of all δ-balls hold one k-means cluster (ProbCover, 3.2).

    (N, d) features are L2-normalized and clustered into `num_classes`; a ball around a row is pure when all rows in
    it share its cluster, so it is up to the distance to the nearest row of another cluster. Returns a float.
    """
    import torch

    from prunebook.arrays.distances import nearest, normalize

    features = normalize(checks.rows("features", features))
    checks.integer("num_classes", num_classes, 2, len(features))
    purity = checks.share("purity", purity)
    random_state = int(checks.generator(seed).integers(2**31))
    labels = torch.from_numpy(kmeans(features, num_classes, random_state)).to(features.device)
    radii = nearest(features, features, forbidden=(labels, labels))[0].cpu().numpy()
    if not np.isfinite(radii).all():
        raise ValueError("features: all rows are the same up to scale, so that no radius separates clusters")
    pure = math.ceil(purity * len(radii) - 1e-9)
    return float(np.sort(radii)[len(radii) - pure])


def _graph(features, delta):
    """The graph of covered rows; it depends on no budget, so several selections can share it."""
    from prunebook.arrays.distances import normalize
    from prunebook.selection.graph import cover_graph

    return cover_graph(normalize(features), delta)


def _select(graph, budget, labeled, exhausted, rng):
    degrees = graph.degrees.copy()  # of each row: neighbours not yet covered
    covered = np.zeros(len(degrees), dtype=bool)
    for row in labeled:
        _cover(graph, row, covered, degrees)
    picked = []
    while len(picked) < budget:
        best = int(degrees.argmax())
        if degrees[best] == 0:
            break
        picked.append(best)
        _cover(graph, best, covered, degrees)
    if len(picked) < budget:
        if exhausted == "error":
            raise ValueError(
                f"budget: {budget} is not valid; everything is covered after {len(picked)} picks; "
                "a smaller delta leaves more to cover, exhausted='uniform' draws the rest uniformly"
            )
        left = np.setdiff1d(np.arange(len(degrees)), np.concatenate([labeled, picked]).astype(np.int64))
        picked = np.concatenate([picked, rng.choice(left, budget - len(picked), replace=False)])
    return np.array(picked, dtype=np.int64)


def _cover(graph, row, covered, degrees):
    near = graph.neighbours(row)
    near = near[~covered[near]]
    covered[near] = True
    graph.subtract(degrees, near)
