"""Correlation against the number of networks: SciPy, enumeration and what independent networks must give."""

import itertools

import numpy as np
import pytest
from scipy import stats

from prunebook.page.averaging import DISJOINT, WHOLE, over_networks

RNG = np.random.default_rng(0)
COMMON = RNG.normal(size=300)
SCORES = COMMON + RNG.normal(size=(4, 300))


def test_every_set_and_every_pair_is_scipys():
    table, whole = over_networks(SCORES), SCORES.mean(axis=0)
    for k in (1, 2, 3, 4):
        expected = [stats.spearmanr(SCORES[list(chosen)].mean(axis=0), whole).statistic
                    for chosen in itertools.combinations(range(4), k)]
        found = table[(table.networks == k) & (table.compared == WHOLE)].correlation
        assert found.tolist() == pytest.approx(expected)
    ones = sorted(stats.spearmanr(SCORES[a], SCORES[b]).statistic for a, b in itertools.combinations(range(4), 2))
    halves = sorted(stats.spearmanr(SCORES[[0, i]].mean(0), SCORES[[j for j in (1, 2, 3) if j != i]].mean(0)).statistic
                    for i in (1, 2, 3))
    apart = table[table.compared == DISJOINT]
    assert sorted(apart[apart.networks == 1].correlation) == pytest.approx(ones)
    assert sorted(apart[apart.networks == 2].correlation) == pytest.approx(halves)
    assert apart.networks.max() == 2


def test_a_part_correlates_with_its_whole_where_networks_share_nothing():
    table = over_networks(np.random.default_rng(1).normal(size=(10, 20_000)), draws=3)
    means = table.groupby(["compared", "networks"]).correlation.mean()
    assert means[WHOLE, 1] == pytest.approx(np.sqrt(0.1), abs=0.03)
    assert means[WHOLE, 5] == pytest.approx(np.sqrt(0.5), abs=0.03)
    assert abs(means[DISJOINT]).max() < 0.03
    assert means[WHOLE, 10] == 1


def test_no_more_draws_than_asked_for():
    table = over_networks(np.random.default_rng(2).normal(size=(7, 20)), draws=5, seed=3)
    counts = table.groupby(["compared", "networks"]).size()
    assert counts.max() == 5
    assert counts[WHOLE, 7] == 1
    assert counts[DISJOINT].index.tolist() == [1, 2, 3]
    assert over_networks(np.random.default_rng(2).normal(size=(7, 20)), draws=5, seed=3).equals(table)


def test_bad_scores_are_named():
    for bad in (COMMON, SCORES[:1]):
        with pytest.raises(ValueError, match="at least two networks"):
            over_networks(bad)
    with pytest.raises(ValueError, match="draws"):
        over_networks(SCORES, draws=0)
