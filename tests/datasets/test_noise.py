"""Label noise as in Data Diet, B.3: a share of the labels is permuted, the statistics and the images stay."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prunebook.datasets.noise import permute_labels

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array)
PERCENT = st.integers(0, 100)
SEEDS = st.integers(0, 2**32)


@given(LABELS, PERCENT, SEEDS)
def test_labels_are_permuted_among_the_chosen_and_nowhere_else(labels, percent, seed):
    before = labels.copy()
    noisy, chosen = permute_labels(labels, percent / 100, seed=seed)
    assert np.array_equal(labels, before)
    assert len(chosen) == int(Fraction(percent, 100) * len(labels))
    assert np.array_equal(chosen, np.unique(chosen))
    others = np.setdiff1d(np.arange(len(labels)), chosen)
    assert np.array_equal(noisy[others], labels[others])
    assert np.array_equal(np.sort(noisy[chosen]), np.sort(labels[chosen]))
    assert noisy.dtype == labels.dtype


@given(LABELS, PERCENT, SEEDS)
def test_a_seed_says_everything(labels, percent, seed):
    one, other = (permute_labels(labels, percent / 100, seed=s) for s in (seed, np.random.default_rng(seed)))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_one_label_in_ten_stays_by_chance():
    labels = np.repeat(np.arange(10), 2000)
    noisy, chosen = permute_labels(labels, 0.5, seed=0)
    assert len(chosen) == 10_000
    stayed = np.mean(noisy[chosen] == labels[chosen])
    assert stayed == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 10_000))
    counts = np.bincount(chosen // 2000, minlength=10)  # every class is chosen from alike
    assert counts == pytest.approx(np.full(10, 1000), abs=4 * np.sqrt(1000))


def test_every_example_is_chosen_alike_and_may_get_every_label():
    drawn = [permute_labels([0, 1, 2], 2 / 3, seed=seed) for seed in range(600)]
    chosen = np.bincount(np.concatenate([c for _, c in drawn]), minlength=3)
    assert chosen == pytest.approx(np.full(3, 400), abs=4 * np.sqrt(600 * 2 / 9))
    swapped = np.mean([not np.array_equal(noisy, [0, 1, 2]) for noisy, _ in drawn])
    assert swapped == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 600))


def test_tensors_and_lists_are_labels_too():
    labels = [3, 1, 2, 0, 1]
    expected = permute_labels(np.array(labels), 1, seed=4)[0]
    assert np.array_equal(permute_labels(labels, 1, seed=4)[0], expected)
    tensor = torch.tensor(labels)
    assert np.array_equal(permute_labels(tensor, 1, seed=4)[0], expected)
    assert tensor.tolist() == labels


@pytest.mark.parametrize(("labels", "share", "seed", "named"), [
    ([0.5, 1.0], 0.1, 0, "labels: float64"), ([[0, 1]], 0.1, 0, "labels: .* shape"), (["a"], 0.1, 0, "labels"),
    ([0, 1], -0.1, 0, "share: -0.1"), ([0, 1], 1.1, 0, "share: 1.1"), ([0, 1], float("nan"), 0, "share: nan"),
    ([0, 1], True, 0, "share: True"), ([0, 1], 0.5, -1, "seed: -1"), ([0, 1], 0.5, 0.5, "seed: 0.5"),
])
def test_bad_input_is_named(labels, share, seed, named):
    with pytest.raises(ValueError, match=named):
        permute_labels(labels, share, seed=seed)
