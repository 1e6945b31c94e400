"""ProbCover and its purity heuristic against dense brute force in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

from prunebook.arrays import distances
from prunebook.selection import graph, probcover, purity_delta


def unit(x):
    norms = np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    return x / np.where(norms == 0, 1, norms)


def plain(x, budget, delta, labeled=()):
    """The dense algorithm; shorter than `budget` when everything is covered."""
    within = cdist(unit(x), unit(x)) < delta
    np.fill_diagonal(within, True)
    open_ = ~within[list(labeled)].any(0) if len(labeled) else np.ones(len(x), dtype=bool)
    picked = []
    while len(picked) < budget and open_.any():
        picked.append(int((within & open_).sum(1).argmax()))
        open_ &= ~within[picked[-1]]
    return picked


def blobs(n, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(8, d))[rng.integers(8, size=n)] + 0.3 * rng.normal(size=(n, d))


@pytest.fixture(params=["stored", "computed"])
def kind(request, monkeypatch):
    monkeypatch.setattr(graph, "MAX_PAIRS", 2**25 if request.param == "stored" else 0)
    monkeypatch.setattr(distances, "BLOCK_BYTES", 2**13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("delta", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("labeled", [(), (3, 90, 41)])
def test_as_brute_force(kind, dtype, delta, labeled):
    x = blobs(211).astype(dtype)
    x[50] = x[20]
    x[120] = 0
    expected = plain(x, 25, delta, labeled)
    found = probcover(x, len(expected), delta=delta, labeled=labeled, seed=0)
    assert found.dtype == np.int64
    assert found.tolist() == expected


def test_as_brute_force_on_real_images(kind):
    x = load_digits().data[:500]
    expected = plain(x, 40, 0.4)
    assert probcover(x, len(expected), delta=0.4, seed=0).tolist() == expected


def test_the_radius_itself_is_outside():
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert probcover(x, 2, delta=math.sqrt(2), seed=0).tolist() == [0, 1]
    with pytest.raises(ValueError, match="everything is covered after 1 picks"):
        probcover(x, 2, delta=math.sqrt(2) + 1e-9, seed=0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_features(kind, value):
    x = np.full((30, 4), value)
    assert probcover(x, 1, delta=0.1, seed=0).tolist() == [0]
    with pytest.raises(ValueError, match="budget: 2 is not valid; everything is covered after 1 picks"):
        probcover(x, 2, delta=0.1, seed=0)
    with pytest.raises(ValueError, match="everything is covered after 0 picks"):
        probcover(x, 1, delta=0.1, labeled=[3], seed=0)


def test_uniform_after_full_coverage(kind):
    x, counts = np.ones((6, 2)), np.zeros(6)
    for seed in range(300):
        found = probcover(x, 3, delta=0.1, labeled=[1], exhausted="uniform", seed=seed)
        assert len(set(found.tolist())) == 3 and 1 not in found
        counts[found] += 1
    assert counts[1] == 0 and (counts[[0, 2, 3, 4, 5]] > 120).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 2.5), st.data())
def test_never_twice_never_labeled_and_nested(seed, delta, data):
    x = blobs(30, 3, seed)
    labeled = data.draw(st.lists(st.integers(0, 29), unique=True, max_size=20))
    budget = data.draw(st.integers(1, 30 - len(labeled)))
    call = dict(delta=delta, labeled=labeled, exhausted="uniform", seed=seed)
    found = probcover(x, budget, **call).tolist()
    assert len(set(found) - set(labeled)) == budget
    greedy = plain(x, budget, delta, labeled)
    assert found[: len(greedy)] == greedy
    assert probcover(x * 1e-3, budget, **call).tolist() == found


@pytest.mark.parametrize("delta", [0, -1, float("nan"), float("inf"), "0.5", None])
def test_bad_delta(delta):
    with pytest.raises(ValueError, match="delta: .* a finite number above 0"):
        probcover(np.eye(3), 1, delta=delta, seed=0)


def test_bad_option():
    with pytest.raises(ValueError, match="exhausted: 'restart' is unknown; valid are 'error', 'uniform'"):
        probcover(np.eye(3), 1, delta=1, exhausted="restart", seed=0)


@pytest.mark.parametrize("purity", [0.5, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_purity_delta_is_the_largest_pure_radius(purity, dtype):
    x = blobs(150, seed=4).astype(dtype)
    found = purity_delta(x, 5, purity=purity, seed=3)
    state = int(np.random.default_rng(3).integers(2**31))
    normalized = distances.normalize(torch.from_numpy(x)).numpy()
    labels = KMeans(5, random_state=state).fit_predict(normalized)
    other = cdist(normalized.astype(float), normalized.astype(float))
    other[labels[:, None] == labels[None]] = np.inf

    def share(delta):
        return (~(other < delta).any(1)).mean()

    assert share(found * (1 - 1e-9)) >= purity > share(found * (1 + 1e-9))


def test_purity_delta_refuses():
    with pytest.raises(ValueError, match="features: all rows are the same up to scale"):
        purity_delta(np.ones((8, 2)), 2, seed=0)
    with pytest.raises(ValueError, match="num_classes: 1 is not valid; it must be an integer from 2 to 8"):
        purity_delta(np.ones((8, 2)), 1, seed=0)
    with pytest.raises(ValueError, match="purity: 0 is not valid"):
        purity_delta(np.ones((8, 2)), 2, purity=0, seed=0)
