"""The jackknife over networks against closed forms, SciPy and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from prunebook.arrays.ranks import spearman
from prunebook.page.jackknife import leave_one_out


def test_of_a_mean_it_is_the_t_test():
    values = np.array([0.61, 0.52, 0.74, 0.58, 0.66])
    found = leave_one_out(lambda kept: values[kept].mean(), 5).above(0.5)
    oracle = stats.ttest_1samp(values, 0.5)
    interval = oracle.confidence_interval()
    assert found.p == pytest.approx(oracle.pvalue)
    assert (found.effect, found.low, found.high) == pytest.approx((values.mean(), interval.low, interval.high))
    assert (found.n, found.favours) == (5, True)


def test_of_a_difference_of_groups_it_is_welchs():
    a, b = np.array([3.1, 2.7, 3.6, 2.9]), np.array([2.5, 2.8, 2.2, 2.4, 2.9, 2.6])
    found = leave_one_out(lambda i, j: a[i].mean() - b[j].mean(), 4, 6).above()
    oracle = stats.ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(oracle.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval()))
    assert found.n == 4


def test_one_number_of_a_statistic():
    values = np.random.default_rng(0).normal(size=(6, 2))
    left = leave_one_out(lambda kept: values[kept].mean(0), 6)
    alone = leave_one_out(lambda kept: values[kept, 1].mean(), 6)
    assert left.above(of=lambda value: value[1]) == alone.above()
    assert left.above(5, of=lambda value: value[1]).favours is False


def test_only_groups_that_matter_count():
    values = np.array([0.61, 0.52, 0.74, 0.58, 0.66])
    found = leave_one_out(lambda a, b: values[a].mean(), 5, 3).above(0.5)
    assert found == leave_one_out(lambda kept: values[kept].mean(), 5).above(0.5)


def test_one_network_is_undefined_and_no_error():
    found = leave_one_out(lambda a, b: float(len(a) + len(b)), 1, 3).above()
    assert (found.effect, found.n) == (4.0, 1)
    assert all(map(math.isnan, (found.low, found.high, found.p)))


@pytest.mark.parametrize("correlation", [False, True])
def test_no_spread_has_no_p(correlation):
    assert math.isnan(leave_one_out(lambda kept: 1.0, 4).above(correlation=correlation).p)


def test_a_correlation_is_judged_on_fishers_scale():
    values = np.array([0.91, 0.99, 0.97, 0.80, 0.995])
    found = leave_one_out(lambda kept: np.tanh(np.arctanh(values[kept]).mean()), 5).above(0.5, correlation=True)
    oracle = stats.ttest_1samp(np.arctanh(values), np.arctanh(0.5))
    interval = oracle.confidence_interval()
    assert found.p == pytest.approx(oracle.pvalue)
    assert (found.low, found.high) == pytest.approx((np.tanh(interval.low), np.tanh(interval.high)))
    assert found.effect == pytest.approx(np.tanh(np.arctanh(values).mean()))


@pytest.mark.parametrize("size", [0, 1.5, True])
def test_a_bad_size_is_named(size):
    with pytest.raises(ValueError, match="sizes"):
        leave_one_out(lambda kept: 0.0, size)


@pytest.mark.parametrize(("noise", "correlation"), [(2, False), (2, True), (0.5, True)])
def test_intervals_cover_the_correlation_of_averages(noise, correlation):
    # Five networks see a common truth in noise; what counts is the mean, over draws of five, of the statistic.
    rng = np.random.default_rng(0)
    truth = rng.normal(size=300)
    draws = [truth + rng.normal(scale=noise, size=(5, 300)) for _ in range(150)]
    founds = [leave_one_out(lambda kept, s=scores: spearman(s[kept].mean(0), truth), 5).above(correlation=correlation)
              for scores in draws]
    target = np.mean([found.effect for found in founds])
    inside = np.mean([found.low < target < found.high for found in founds])
    errors = np.mean([(found.high - found.low) / 2 / stats.t.ppf(0.975, 4) for found in founds])
    assert 0.88 < inside <= 1
    assert max(found.high for found in founds) < 1 or not correlation
    assert errors == pytest.approx(np.std([found.effect for found in founds]), rel=0.4)
