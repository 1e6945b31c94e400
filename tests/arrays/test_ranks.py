"""Ranks and rank correlations against SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prunebook.arrays.ranks import mean_ranks, spearman

SOME = st.lists(st.one_of(st.integers(-3, 3), st.just(math.inf)), min_size=3, max_size=20)


@given(SOME)
def test_ranks_are_scipys(values):
    np.testing.assert_array_equal(mean_ranks(values), stats.rankdata(values))


@given(st.integers(3, 30), st.integers(0, 2**32 - 1))
def test_correlation_is_scipys(n, seed):
    x, y, z = np.random.default_rng(seed).integers(0, 6, size=(3, n)).astype(float)
    x[0], y[0], z[0] = 7, 8, 9  # none is constant
    y[n // 2] = np.inf
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    expected = stats.spearmanr(np.stack([x, y, z]), axis=1).statistic
    np.testing.assert_allclose(spearman(x, y, z), expected, atol=1e-12)


@given(SOME)
def test_only_the_order_counts(values):
    other = np.arange(len(values)) % 3
    assert spearman(np.arctan(values) * 3, other) == pytest.approx(spearman(values, other), nan_ok=True)


def test_a_constant_has_no_correlation():
    assert math.isnan(spearman([1, 1, 1], [1, 2, 3]))


@pytest.mark.parametrize(("lists", "message"), [
    (([1, 2], [1, 2, 3]), r"scores: lengths \[2, 3\]"), (([1, 2],), "at least two"),
    (([1, np.nan], [1, 2]), "NaN"), ((["a", "b"], [1, 2]), "numbers"), ((np.ones((2, 2)), np.ones((2, 2))), "shape"),
])
def test_bad_scores_are_named(lists, message):
    with pytest.raises(ValueError, match=message):
        spearman(*lists)
