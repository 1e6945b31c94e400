"""Tests of claims against SciPy, numpy and hand calculation."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prunebook.page import evidence

A = [61.2, 60.1, 62.4, 59.8, 61.9]
B = [58.0, 59.4, 57.7, 60.2]


def test_welch_is_scipys():
    found, oracle = evidence.greater(A, B), stats.ttest_ind(A, B, equal_var=False)
    interval = oracle.confidence_interval(0.95)
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-10)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-10)
    assert found.n == 4
    assert found.favours


def test_paired_is_scipys():
    found, oracle = evidence.greater(A[:4], B, paired=True), stats.ttest_rel(A[:4], B)
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-10)
    assert found.low == pytest.approx(oracle.confidence_interval().low, rel=1e-10)


def test_pairs_are_matched_by_seed():
    a, b = pd.Series([3.0, 2.0, 9.0], index=[2, 1, 7]), pd.Series([1.5, 1.0, 4.0], index=[1, 2, 3])
    found = evidence.greater(a, b, paired=True)
    assert (found.n, found.effect) == (2, pytest.approx(1.25))


def test_not_below_shifts_the_reference():
    oracle = stats.ttest_ind(np.array(A) + 1.0, B, equal_var=False)
    assert evidence.greater(A, B, margin=1.0).p == pytest.approx(oracle.pvalue, rel=1e-10)
    assert evidence.greater(B, A, margin=0.5).favours is False


def test_equivalence_is_two_one_sided_tests():
    a, b, margin = np.array(A), np.array(A) + 0.1, 2.0
    upper = stats.ttest_ind(a - margin, b, equal_var=False, alternative="less").pvalue
    lower = stats.ttest_ind(a + margin, b, equal_var=False, alternative="greater").pvalue
    found = evidence.equivalent(a, b, margin)
    assert found.favours
    assert found.p == pytest.approx(max(upper, lower), rel=1e-9)


def test_a_large_difference_speaks_against_equivalence():
    found = evidence.equivalent(np.array(A) + 30, A, 1.0)
    assert not found.favours
    assert found.p < 1e-6
    with pytest.raises(ValueError, match="margin"):
        evidence.equivalent(A, B, 0)


def test_one_sample():
    oracle = stats.ttest_1samp(A, 60.0)
    assert evidence.above(A, 60.0).p == pytest.approx(oracle.pvalue, rel=1e-10)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_values_are_undefined_and_no_error(n):
    for found in (
        evidence.greater(A[:n], B), evidence.greater(A[:n], B[:n], paired=True), evidence.equivalent(A[:n], B, 1.0),
        evidence.above(A[:n]), evidence.correlation(A[:n], B[:n]), evidence.beyond(A[:n], B[:n], np.ones((n, 2))),
        evidence.trend(np.ones((n, 4))), evidence.bootstrap(A[:n], np.mean),
    ):
        assert found.n == n
        assert math.isnan(found.p)
        assert math.isnan(found.low)


def test_no_spread_is_undefined():
    assert math.isnan(evidence.greater([1.0, 1.0], [0.0, 0.0]).p)
    assert math.isnan(evidence.equivalent([1.0, 1.0], [1.0, 1.0], 1.0).p)


def test_values_that_are_not_finite_are_named():
    with pytest.raises(ValueError, match="1 of 2 values are not finite"):
        evidence.greater([1.0, float("nan")], A)


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_mean_interval(confidence):
    low, high = stats.t.interval(confidence, len(A) - 1, np.mean(A), stats.sem(A))
    assert evidence.mean_interval(A, confidence) == pytest.approx((np.mean(A), low, high), rel=1e-12)


@given(st.lists(st.integers(0, 5), min_size=5, max_size=30), st.integers(0, 2**31))
def test_spearman_is_scipys_with_ties(x, seed):
    y = np.random.default_rng(seed).integers(0, 6, len(x))
    found = evidence.correlation(x, y, resamples=10)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert math.isnan(found.effect)
        return
    oracle = stats.spearmanr(x, y)
    assert found.effect == pytest.approx(oracle.statistic, abs=1e-12)
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-6, abs=1e-12)


def test_bootstrap_interval_of_a_correlation():
    rng = np.random.default_rng(0)
    x = rng.normal(size=80)
    y = x + rng.normal(size=80)
    found = evidence.correlation(x, y)
    draws = rng.integers(80, size=(1500, 80))
    oracle = np.percentile([stats.spearmanr(x[d], y[d]).statistic for d in draws], [2.5, 97.5])
    assert (found.low, found.high) == pytest.approx(tuple(oracle), abs=0.03)
    assert evidence.correlation(x, y) == found
    assert evidence.correlation(x, -y, expected="negative").favours
    assert not evidence.correlation(x, -y).favours


def test_no_correlation_needs_many_values():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 5000))
    assert evidence.correlation(x, y, expected="none", resamples=50).p < 0.05
    assert evidence.correlation(x[:50], y[:50], expected="none", resamples=50).p > 0.05
    against = evidence.correlation(x, x + y, expected="none", resamples=50)
    assert not against.favours
    assert against.p < 0.01


def test_regression_beside_class_counts_is_the_full_least_squares():
    rng = np.random.default_rng(1)
    counts = rng.multinomial(20, np.full(4, 0.25), size=60)
    x = rng.normal(size=60) + counts[:, 0]
    y = 0.7 * x + counts @ [1.0, -2.0, 0.5, 3.0] + rng.normal(size=60)
    found = evidence.beyond(y, x, counts)
    design = np.column_stack([x, counts])  # counts sum to 20: they hold the intercept
    solution, _, rank, _ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ solution
    error = np.sqrt(residual @ residual / (60 - rank) * np.linalg.inv(design.T @ design)[0, 0])
    assert found.effect == pytest.approx(solution[0], rel=1e-9)
    assert found.p == pytest.approx(2 * stats.t.sf(solution[0] / error, 60 - rank), rel=1e-6)
    half = stats.t.ppf(0.975, 60 - rank) * error
    assert (found.low, found.high) == pytest.approx((solution[0] - half, solution[0] + half), rel=1e-9)


def test_what_the_covariates_already_say_has_no_coefficient():
    counts = np.random.default_rng(2).multinomial(20, np.full(4, 0.25), size=30)
    assert math.isnan(evidence.beyond(np.arange(30.0), counts @ [1.0, 2, 3, 4], counts).p)


def test_trend_is_pages():
    rows = np.random.default_rng(4).normal(size=(6, 5)) + 0.8 * np.arange(5)
    found = evidence.trend(rows)
    assert found.p == pytest.approx(2 * stats.page_trend_test(rows).pvalue)
    assert found.effect == pytest.approx(np.mean([stats.spearmanr(range(5), row).statistic for row in rows]))
    assert found.favours
    assert not evidence.trend(rows, increasing=False).favours


def test_slopes_are_polyfits():
    values, at = np.random.default_rng(5).normal(size=(4, 6)), np.array([10, 20, 30, 40, 50, 60])
    assert evidence.slopes(values, at) == pytest.approx([np.polyfit(at, row, 1)[0] for row in values])


def test_bootstrap_of_a_statistic():
    values = np.random.default_rng(6).gamma(20, size=400)
    found = evidence.bootstrap(values, lambda v: v.std() / v.mean(), 0.1)
    oracle = stats.bootstrap((values,), lambda v: v.std() / v.mean(), method="percentile", vectorized=False, rng=0,
                             n_resamples=1000).confidence_interval
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=0.004)
    assert found.favours
    assert found.p < 0.01


@pytest.mark.parametrize(("n", "paired", "unpaired"), [(3, 3.3, 3.1), (5, 1.7, 2.0), (10, 1.0, 1.3), (30, 0.53, 0.74)])
def test_detectable_differences_are_those_of_the_table(n, paired, unpaired):
    assert evidence.detectable(n, paired=True) == pytest.approx(paired, rel=0.04)
    assert evidence.detectable(n) == pytest.approx(unpaired, rel=0.04)
