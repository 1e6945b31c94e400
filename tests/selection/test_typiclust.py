"""TypiClust against the plain loop over given clusters, in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans, MiniBatchKMeans

from prunebook.selection import typiclust


def plain(x, budget, clusters, labeled=(), squared=False):
    """Round robin over clusters larger than 5, then over the others; everything recomputed at every visit."""
    x = x.astype(np.float64) / np.maximum(np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True), 1e-300)
    full = cdist(x, x)
    if squared:
        full = full**2
    taken, picked = set(labeled), []

    def key(c):
        members = np.flatnonzero(clusters == c)
        return sum(i in taken for i in members), -len(members), c

    order = sorted(set(clusters.tolist()), key=key)
    large = [c for c in order if (clusters == c).sum() > 5]
    for group in (large, [c for c in order if c not in large]):
        alive = True
        while alive and len(picked) < budget:
            alive = False
            for c in group:
                members = [i for i in np.flatnonzero(clusters == c) if i not in taken]
                if not members or len(picked) == budget:
                    continue
                alive, k = True, min(20, len(members) // 2)
                near = [np.sort(full[i, [j for j in members if j != i]])[:k] for i in members]
                scores = [1 / (n.mean() + 1e-5) for n in near] if k else [0]
                picked.append(int(members[int(np.argmax(scores))]))
                taken.add(picked[-1])
    return picked


def make(n, d=5, clusters=6, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.choice(clusters, size=n, p=rng.dirichlet(np.ones(clusters)))
    return rng.normal(size=(clusters, d))[labels] + 0.4 * rng.normal(size=(n, d)), labels


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("labeled", [(), (0, 7, 11, 12)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_the_plain_loop(squared, labeled, dtype):
    x, clusters = make(300)
    x = x.astype(dtype)
    found = typiclust(x, 60, labeled=labeled, clusters=clusters, squared=squared, seed=0)
    assert found.dtype == np.int64
    assert found.tolist() == plain(x, 60, clusters, labeled, squared)


def test_all_rows_down_to_the_last():
    x, clusters = make(70)
    found = typiclust(x, 67, labeled=[4, 5, 60], clusters=clusters, seed=0)
    assert found.tolist() == plain(x, 67, clusters, [4, 5, 60])
    assert sorted([*found.tolist(), 4, 5, 60]) == list(range(70))


def test_order_of_visits_stays_as_it_was():
    clusters = np.repeat([3, 1, 2, 0], [8, 9, 9, 4])
    x = np.random.default_rng(0).normal(size=(30, 3))
    found = clusters[typiclust(x, 6, labeled=[8], clusters=clusters, seed=0)]
    assert found.tolist() == [2, 3, 1, 2, 3, 1]


def test_squared_can_change_the_pick():
    x, clusters = make(200, seed=3)
    assert plain(x, 30, clusters) != plain(x, 30, clusters, squared=True)


def test_lowest_index_of_equal_rows():
    x = np.repeat([[1.0, 0.0], [0.6, 0.8]], 10, axis=0)
    assert typiclust(x, 4, clusters=np.repeat([0, 1], 10), seed=0).tolist() == [0, 10, 1, 11]


@pytest.mark.parametrize("budget, kind", [(6, KMeans), (50, KMeans), (51, MiniBatchKMeans)])
def test_clusters_are_scikit_learns(budget, kind):
    x, _ = make(600)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    state = int(np.random.default_rng(9).integers(2**31))
    more = {} if kind is KMeans else {"batch_size": 5000}
    labels = kind(budget + 2, random_state=state, **more).fit_predict(unit) if budget != 50 else None
    if budget == 50:
        labels, labeled = KMeans(50, random_state=state).fit_predict(unit), []
    else:
        labeled = [1, 100]
    found = typiclust(x, budget, labeled=labeled, seed=9).tolist()
    assert found == typiclust(x, budget, labeled=labeled, clusters=labels, seed=0).tolist()


def test_at_most_500_clusters(monkeypatch):
    seen = []
    import prunebook.selection.typicality as typicality

    monkeypatch.setattr(typicality, "kmeans", lambda x, k, state: seen.append(k) or np.arange(len(x)) % 7)
    typiclust(np.random.default_rng(0).normal(size=(600, 2)), 501, seed=0)
    assert seen == [500]


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_features(value):
    assert len(set(typiclust(np.full((20, 3), value), 15, labeled=[2], seed=0).tolist()) - {2}) == 15


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.data())
def test_invariants(seed, data):
    n = data.draw(st.integers(2, 50))
    x, clusters = make(n, seed=seed)
    labeled = data.draw(st.lists(st.integers(0, n - 1), unique=True, max_size=n - 1))
    budget = data.draw(st.integers(1, n - len(labeled)))
    found = typiclust(x, budget, labeled=labeled, clusters=clusters, seed=0)
    assert len(set(found.tolist()) - set(labeled)) == budget
    assert typiclust(x * 8, budget, labeled=labeled, clusters=clusters - 3, seed=1).tolist() == found.tolist()
    assert found.tolist() == plain(x, budget, clusters, labeled)


@pytest.mark.parametrize("clusters", [[0, 1], [0.0, 1.0, 0.0], [[0, 1, 0]]])
def test_bad_clusters(clusters):
    with pytest.raises(ValueError, match="clusters: .* it must be 3 integers, one a row"):
        typiclust(np.eye(3), 1, clusters=clusters, seed=0)
