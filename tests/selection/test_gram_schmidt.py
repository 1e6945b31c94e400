"""Gram-Schmidt selection against Algorithm 1 written down plainly in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, ortho_group
from sklearn.datasets import load_digits

from prunebook.selection import gram_schmidt, orthogonal, residuals

ORDERS = [1, 2, math.inf]


def project(left, i):
    return left - np.outer(left @ left[i], left[i]) / (left[i] @ left[i])


def plain_largest(x, budget, order=2, labeled=()):
    left, picked = np.array(x, dtype=np.float64), []
    for i in labeled:
        left = project(left, i)
    for _ in range(budget):
        norms = np.linalg.norm(left, order, axis=1)
        norms[[*picked, *labeled]] = -1
        picked.append(int(norms.argmax()))
        left = project(left, picked[-1])
    return picked


def law(x, picked=(), labeled=(), order=2):
    """Probabilities (N,) of the next pick."""
    left = np.array(x, dtype=np.float64)
    for i in (*labeled, *picked):
        left = project(left, i)
    norms = np.linalg.norm(left, order, axis=1)
    norms[[*picked, *labeled]] = 0
    return norms / norms.sum()


def normal(n, d, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(dtype)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 20])
def test_largest_is_algorithm_1(order, dtype, offset):
    x = normal(300, 24, dtype=dtype) + dtype(offset)
    found = gram_schmidt(x, 20, order=order, randomize=False, labeled=[5, 200], seed=0)
    assert found.dtype == np.int64
    assert found.tolist() == plain_largest(x, 20, order, labeled=[5, 200])


@pytest.mark.parametrize("order", ORDERS)
def test_largest_on_real_images(order):
    x = load_digits().data[:600]
    assert gram_schmidt(x, 30, order=order, randomize=False, seed=0).tolist() == plain_largest(x, 30, order)


def test_largest_with_few_candidates(monkeypatch):
    monkeypatch.setattr(orthogonal, "CANDIDATES", 3)
    x = normal(400, 12)
    assert gram_schmidt(x, 12, randomize=False, seed=0).tolist() == plain_largest(x, 12)


def test_largest_takes_the_lowest_index_of_equal_rows():
    x = np.repeat(np.eye(4), 300, axis=0)
    assert gram_schmidt(x, 4, randomize=False, seed=0).tolist() == [0, 300, 600, 900]
    unit = normal(2000, 16, dtype=np.float32)
    unit /= np.linalg.norm(unit.astype(float), axis=1, keepdims=True).astype(np.float32)
    assert len(set(gram_schmidt(unit, 16, randomize=False, seed=0).tolist())) == 16


@pytest.mark.parametrize("labeled", [(), (4,)])
@pytest.mark.parametrize("order", ORDERS)
def test_law_of_the_first_two_picks(order, labeled):
    x = normal(6, 4, seed=1) * np.array([1, 2, 1, 3, 1, 0.5])[:, None]
    rng, draws = np.random.default_rng(7), 2000
    pairs = np.zeros((6, 6))
    for _ in range(draws):
        first, second = gram_schmidt(x, 2, order=order, labeled=labeled, seed=rng)
        pairs[first, second] += 1
    first = law(x, labeled=labeled, order=order)
    expected = np.array([p * law(x, [i], labeled, order) if p else np.zeros(6) for i, p in enumerate(first)]) * draws
    possible = expected > 0
    assert not pairs[~possible].any()
    assert chisquare(pairs[possible], expected[possible]).pvalue > 1e-4
    without_projection = first[None, :] * first[:, None] * (1 - np.eye(6))
    without_projection[possible] /= np.repeat(1 - first, 6).reshape(6, 6)[possible]
    control = without_projection[possible] * draws
    assert chisquare(pairs[possible], control * pairs.sum() / control.sum()).pvalue < 1e-6


def test_law_holds_after_new_bounds(monkeypatch):
    """Rows drawn from bounds that were renewed twice, against the law given the picks so far."""
    x = normal(40, 5, seed=3).astype(np.float32) + 20
    rng, draws = np.random.default_rng(1), 800
    counts, expected = np.zeros(40), np.zeros(40)
    for _ in range(draws):
        *picked, last = gram_schmidt(x, 3, seed=rng).tolist()
        counts[last] += 1
        expected += law(x, picked)
    assert chisquare(counts, expected).pvalue > 1e-4


def test_bounds_are_bounds_and_close():
    for x in (normal(200, 30, dtype=np.float32) + 20, normal(200, 30) * np.geomspace(1, 1e6, 200)[:, None]):
        found = residuals.Residuals(torch.from_numpy(x))
        for i in range(0, 200, 6):
            found.pick(i, found.rows([i])[0])
            exact = np.linalg.norm(found.rows(np.arange(200)), axis=1)
            bounds = found.bounds()
            assert (bounds[found.alive] >= exact[found.alive]).all()
            if found.alive.any():
                assert bounds.max() <= exact[found.alive].max() * 1.02
            if found.rank == 30:
                break
        assert not found.bounds().any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("randomize", [True, False])
@pytest.mark.parametrize("order", ORDERS)
def test_exhaustion_says_how_many(dtype, randomize, order):
    x = (normal(120, 7) @ normal(7, 30, seed=1)).astype(dtype)
    call = dict(order=order, randomize=randomize, labeled=[3, 9], seed=0)
    assert len(gram_schmidt(x, 5, **call)) == 5
    with pytest.raises(ValueError, match="budget: 6 is not valid; only 5 could be picked"):
        gram_schmidt(x, 6, **call)


@pytest.mark.parametrize("randomize", [True, False])
def test_restart_begins_again_on_the_rest(randomize):
    x = normal(40, 6, seed=5)
    found = gram_schmidt(x, 20, randomize=randomize, exhausted="restart", labeled=[0, 1], seed=2).tolist()
    assert len(set(found)) == 20 and not {0, 1} & set(found)
    for part in (found[:4], found[4:10], found[10:16], found[16:]):
        assert np.linalg.matrix_rank(x[part]) == len(part)
    if not randomize:
        rest = [i for i in range(40) if i not in {0, 1, *found[:4]}]
        assert found[4:10] == [rest[i] for i in plain_largest(x[rest], 6)]


def test_restart_stops_at_zero_rows():
    x = np.concatenate([np.zeros((3, 2)), np.ones((2, 2))])
    assert sorted(gram_schmidt(x, 2, exhausted="restart", seed=0).tolist()) == [3, 4]
    with pytest.raises(ValueError, match="only 2 could be picked"):
        gram_schmidt(x, 3, exhausted="restart", seed=0)
    with pytest.raises(ValueError, match="only 0 could be picked"):
        gram_schmidt(np.zeros((3, 2)), 1, seed=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(ORDERS), st.sampled_from([1e-150, 1e-6, 3.0, 1e150]))
def test_largest_follows_permutations_and_ignores_scale(seed, order, scale):
    x = normal(30, 6, seed=seed)
    shuffle = np.random.default_rng(seed).permutation(30)
    picks = gram_schmidt(x, 5, order=order, randomize=False, seed=0)
    assert shuffle[gram_schmidt(x[shuffle], 5, order=order, randomize=False, seed=0)].tolist() == picks.tolist()
    assert gram_schmidt(x * scale, 5, order=order, randomize=False, seed=0).tolist() == picks.tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_rotation_changes_nothing(seed, randomize):
    x = normal(30, 6, seed=seed)
    rotated = x @ ortho_group.rvs(6, random_state=seed)
    call = dict(randomize=randomize, seed=seed)
    assert gram_schmidt(x, 6, **call).tolist() == gram_schmidt(rotated, 6, **call).tolist()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_never_twice_never_labeled(data):
    n, d = data.draw(st.integers(2, 40)), data.draw(st.integers(1, 6))
    seed = data.draw(st.integers(0, 10**6))
    x = np.random.default_rng(seed).integers(1, 3, size=(n, d)).astype(data.draw(st.sampled_from(["f4", "f8"])))
    labeled = data.draw(st.lists(st.integers(0, n - 1), unique=True, max_size=n - 1))
    budget = data.draw(st.integers(1, n - len(labeled)))
    found = gram_schmidt(
        x, budget, order=data.draw(st.sampled_from(ORDERS)), randomize=data.draw(st.booleans()), exhausted="restart",
        labeled=labeled, seed=seed,
    )  # fmt: skip
    assert len(set(found.tolist()) - set(labeled)) == budget


def test_bad_input():
    x = normal(5, 3)
    for call, message in [
        (dict(order=3), "order: 3 is unknown; valid are 1, 2, inf"),
        (dict(exhausted="again"), "exhausted: 'again' is unknown"),
        (dict(labeled=[5]), "labeled: 5 is not valid"),
        (dict(seed=None), "seed: None is not valid"),
    ]:
        with pytest.raises(ValueError, match=message):
            gram_schmidt(x, 1, **{"seed": 0, **call})


def test_inputs_stay_as_they_are_and_kinds_agree():
    x = normal(50, 8)
    before = x.copy()
    found = gram_schmidt(x, 8, seed=np.random.default_rng(4))
    assert found.tolist() == gram_schmidt(torch.from_numpy(x), 8, seed=4).tolist()
    np.testing.assert_array_equal(x, before)
