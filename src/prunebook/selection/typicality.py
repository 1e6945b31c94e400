"""TypiClust (Hacohen et al. 2022), as the norms paper uses it."""

import numpy as np

from prunebook.arrays import checks
from prunebook.selection.clustering import kmeans

MAX_CLUSTERS = 500
MIN_SIZE = 5  # only clusters larger than this are visited
NEIGHBOURS = 20


def typiclust(features, budget, *, labeled=(), clusters=None, squared=False, seed):
    """Pick the most typical member of one cluster after the other (TypiClust); rows are L2-normalized.

    k-means with min(L + budget, 500) clusters, or `clusters` (N,), integer labels that are given. Clusters of more
    than 5 rows are visited in turn by (labeled members ascending, size descending, label ascending); one with
    nothing left is passed over, and smaller clusters follow in the same order once all are empty. Typicality is
    1 / (mean distance to the min(20, m // 2) nearest of the m members not yet picked + 1e-5), with `squared`
    distances as the authors' code has it; ties go to the lowest index. Returns int64 indices in pick order.
    """
    from prunebook.arrays.distances import normalize

    features = checks.rows("features", features)
    budget, labeled, _ = checks.pool(budget, labeled, len(features))
    random_state = int(checks.generator(seed).integers(2**31))
    features = normalize(features)
    if clusters is None:
        clusters = kmeans(features, min(len(labeled) + budget, MAX_CLUSTERS), random_state)
    else:
        clusters = _given(clusters, len(features))
    large, small = _visits(clusters, labeled)
    free = np.ones(len(features), dtype=bool)
    free[labeled] = False
    picked = []
    for group in (large, small):
        queue = [_Cluster(features, members[free[members]], squared) for members in group]
        while len(picked) < budget and (queue := [cluster for cluster in queue if len(cluster)]):
            picked += [cluster.pop() for cluster in queue[: budget - len(picked)]]
    return np.array(picked, dtype=np.int64)


def _given(clusters, size):
    labels = np.asarray(clusters.detach().cpu() if hasattr(clusters, "detach") else clusters)
    if labels.shape != (size,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"clusters: {labels.dtype} of shape {labels.shape} is not valid; it must be {size} integers, one a row"
        )
    return labels


def _visits(labels, labeled):
    """Members of the clusters in the order of their visits: (those larger than MIN_SIZE, the others)."""
    _, labels, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    known = np.bincount(labels[labeled], minlength=len(sizes))
    order = np.lexsort((-sizes, known))
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    return [members[c] for c in order if sizes[c] > MIN_SIZE], [members[c] for c in order if sizes[c] <= MIN_SIZE]


class _Cluster:
    """Members of a cluster that can still be picked, with their nearest neighbours kept between visits."""

    def __init__(self, features, members, squared):
        self.features, self.members, self.squared = features, members, squared
        self.free = np.ones(len(members), dtype=bool)
        self.distances = None

    def __len__(self):
        return int(self.free.sum())

    def pop(self):
        count = min(NEIGHBOURS, len(self) // 2)
        place = int(self.free.argmax()) if count == 0 else self._most_typical(count)
        self.free[place] = False
        return int(self.members[place])

    def _most_typical(self, count):
        near = self._neighbours(count)
        mean = (near**2 if self.squared else near).mean(1)
        return int(np.flatnonzero(self.free)[(1 / (mean + 1e-5)).argmax()])

    def _neighbours(self, count):
        """Distances (m, count) of the free members to the nearest free ones."""
        if self.distances is not None:
            found, usable = self.distances[self.free], self.free[self.found[self.free]]
            if usable.sum(1).min() >= count:  # nearest first, so the free ones among them are the nearest free
                return np.sort(np.where(usable, found, np.inf), axis=1)[:, :count]
        self._search(count)
        return self.distances[self.free][:, :count]

    def _search(self, count):
        import torch

        from prunebook.arrays.distances import neighbours

        places = np.flatnonzero(self.free)
        rows = torch.from_numpy(self.members[places]).to(self.features.device)
        distances, found = neighbours(self.features[rows], min(2 * count, len(places) - 1))
        width = distances.shape[1]
        self.distances = np.zeros((len(self.members), width))
        self.found = np.zeros((len(self.members), width), dtype=np.int64)
        self.distances[places], self.found[places] = distances.cpu().numpy(), places[found.cpu().numpy()]
