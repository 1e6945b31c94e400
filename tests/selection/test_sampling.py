"""Uniform and norm sampling, refinement: their laws, and what they never return."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from prunebook.selection import norm_sampling, refine, uniform

WEIGHTS = np.array([3.0, 1.0, 0.0, 2.0, 4.0])
FEATURES = np.stack([WEIGHTS, -WEIGHTS], axis=1)


def pair_law(weights):
    """{(i, j): probability} of two draws one after the other without replacement."""
    total = weights.sum()
    pairs = itertools.permutations(np.flatnonzero(weights), 2)
    return {(i, j): weights[i] / total * weights[j] / (total - weights[i]) for i, j in pairs}


def check_pairs(draw, expected, draws=4000):
    rng, counts = np.random.default_rng(5), dict.fromkeys(expected, 0)
    for _ in range(draws):
        counts[tuple(draw(rng).tolist())] += 1
    assert chisquare(list(counts.values()), np.array(list(expected.values())) * draws).pvalue > 1e-4


def test_uniform_pairs():
    expected = dict.fromkeys(itertools.permutations([0, 1, 3, 4], 2), 1 / 12)
    check_pairs(lambda rng: uniform(5, 2, labeled=[2], seed=rng), expected)


def test_norm_pairs():
    check_pairs(lambda rng: norm_sampling(FEATURES, 2, seed=rng), pair_law(WEIGHTS))


def test_norm_pairs_without_labeled():
    weights = WEIGHTS * [1, 1, 1, 1, 0]
    check_pairs(lambda rng: norm_sampling(FEATURES, 2, labeled=[4], seed=rng), pair_law(weights))


def test_refine_draws_candidates_by_norm():
    weights = WEIGHTS * [1, 1, 1, 1, 0]
    check_pairs(lambda rng: refine([3, 1, 0], FEATURES, 2, seed=rng), pair_law(weights))


@pytest.mark.parametrize("order, expected", [(1, [0, 1, 2]), (2, [1, 0, 2]), (math.inf, [1, 2, 0])])
def test_order(order, expected):
    features = [[1.0, 1.0, 1.0, 1.0], [2.5, 0.0, 0.0, 0.9], [1.5, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    assert norm_sampling(features, 3, order=order, randomize=False, seed=0).tolist() == expected


def test_largest_takes_the_lowest_index_of_equal_norms():
    assert norm_sampling([[1.0], [-2.0], [2.0], [1.0]], 4, randomize=False, seed=0).tolist() == [1, 2, 0, 3]


@pytest.mark.parametrize("scale", [1e-300, 1e200])
def test_scale_changes_nothing(scale):
    x = np.random.default_rng(0).normal(size=(20, 3))
    assert norm_sampling(x * scale, 9, seed=3).tolist() == norm_sampling(x, 9, seed=3).tolist()


@pytest.mark.parametrize("randomize", [True, False])
def test_zero_rows_are_no_picks(randomize):
    assert sorted(norm_sampling(FEATURES, 4, randomize=randomize, seed=0).tolist()) == [0, 1, 3, 4]
    with pytest.raises(ValueError, match="budget: 5 is not valid; only 4 unlabeled rows have a norm above zero"):
        norm_sampling(FEATURES, 5, randomize=randomize, seed=0)


def test_kinds_of_input_and_seed_agree():
    x = np.random.default_rng(0).normal(size=(20, 3))
    picks = norm_sampling(x, 6, seed=8)
    assert picks.dtype == np.int64
    assert picks.tolist() == norm_sampling(torch.from_numpy(x), 6, seed=np.random.default_rng(8)).tolist()


def test_uniform_takes_all_and_refuses_more():
    assert sorted(uniform(5, 3, labeled=[0, 2], seed=0).tolist()) == [1, 3, 4]
    with pytest.raises(ValueError, match="budget: 4 is not valid; it must be an integer from 1 to 3"):
        uniform(5, 4, labeled=[0, 2], seed=0)
    with pytest.raises(ValueError, match="n: 0 is not valid"):
        uniform(0, 1, seed=0)


@pytest.mark.parametrize("by", ["norm", "gram_schmidt", "uniform"])
def test_refine_stays_among_candidates(by):
    x = np.random.default_rng(0).normal(size=(50, 8))
    candidates = [40, 3, 17, 25, 8, 11, 49, 30]
    found = refine(candidates, x, 4, by=by, labeled=[17, 2], seed=1)
    assert len(set(found.tolist())) == 4 and set(found.tolist()) <= set(candidates) - {17}
    assert found.dtype == np.int64


def test_refine_by_gram_schmidt_projects_labeled_out():
    x = np.eye(3)[[0, 1, 1, 2]]
    for seed in range(10):
        assert sorted(refine([1, 2, 3], x, 2, by="gram_schmidt", labeled=[0], seed=seed).tolist()) in ([1, 3], [2, 3])
        assert refine([1, 3], x, 1, by="gram_schmidt", labeled=[0, 2], seed=seed).tolist() == [3]


def test_refine_refuses():
    x = np.eye(4)
    for call, message in [
        (dict(by="norms"), "by: 'norms' is unknown.*did you mean 'norm'"),
        (dict(candidates=[1, 1]), "candidates: 1 is there more than once"),
        (dict(candidates=[4]), "candidates: 4 is not valid"),
        (dict(candidates=[]), "candidates: nothing to pick from"),
        (dict(budget=3), "budget: 3 is not valid; it must be an integer from 1 to 2"),
    ]:
        with pytest.raises(ValueError, match=message):
            refine(**{"candidates": [0, 1], "features": x, "budget": 1, "seed": 0, **call})
