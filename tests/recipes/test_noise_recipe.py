"""Corrupted labels and their scores, on digits and against SciPy and scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from prunebook import datasets
from prunebook.recipes.grid import Run
from prunebook.recipes.noise import Corruption, probability_above
from prunebook.recipes.scoring import Scores
from prunebook.recipes.trajectory import Trajectory
from prunebook.runs.engine import results
from prunebook.runs.identity import digest, revive
from prunebook.runs.store import Store
from prunebook.training.settings import Training

CLEAN = Trajectory("digits", "resnet8", 4, "small", Training(epochs=2, batch_size=64, augment="none"), at=(2,))
TINY = Corruption(Scores(CLEAN, "el2n", 2), Scores(replace(CLEAN, noise=0.2), "el2n", 2))
SOME = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    found = Store(tmp_path_factory.mktemp("store"), published=False)
    results([Run(TINY, 0)], store=found, device="cpu")
    return found


def test_corrupted_are_those_whose_label_changed(store):
    run, labels = store.get(TINY, 0), datasets.load("digits").train_labels.numpy()
    noisy = TINY.noisy.trajectory.labels(datasets.load("digits"))
    corrupted = run.arrays["corrupted"]
    assert set(corrupted) == {i for i in range(len(labels)) if labels[i] != noisy[i]}
    assert run.metrics["corrupted"] + run.metrics["true"] == len(labels)
    # A permuted label is the old one with the probability that two labels are equal, about a tenth.
    assert 0.84 < len(corrupted) / (0.2 * len(labels)) < 0.96


def test_metrics_are_those_of_scikit_learn(store):
    run = store.get(TINY, 0)
    before, after = (store.get(recipe, 0).arrays["scores"].astype(np.float64) for recipe in (TINY.clean, TINY.noisy))
    corrupted = np.isin(np.arange(len(after)), run.arrays["corrupted"])
    assert run.metrics["detection"] == pytest.approx(roc_auc_score(corrupted, after))
    assert run.metrics["before"] == pytest.approx(roc_auc_score(corrupted, before))
    assert run.metrics["raised"] == pytest.approx(after[corrupted].mean() - before[corrupted].mean())
    assert run.metrics["rose"] == pytest.approx(np.mean(after[corrupted] > before[corrupted]))
    assert run.metrics["mean_true"] == pytest.approx(after[~corrupted].mean())


@given(SOME, SOME)
def test_probability_above_is_mann_whitneys(a, b):
    assert probability_above(a, b) == pytest.approx(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))
    assert probability_above(b, a) == pytest.approx(1 - probability_above(a, b))


def test_infinite_scores_have_a_rank():
    assert probability_above([np.inf, 1.0], [0.0, np.inf]) == pytest.approx((1 + 0.5 + 1 + 0) / 4)


@pytest.mark.parametrize(("a", "b"), [([], [1]), ([1], []), ([np.nan], [1]), ([[1]], [1])])
def test_bad_samples_are_named(a, b):
    with pytest.raises(ValueError, match="must be numbers"):
        probability_above(a, b)


def test_scores_that_are_no_pair_are_errors():
    with pytest.raises(ValueError, match="noise"):
        Corruption(TINY.clean, TINY.clean)
    with pytest.raises(ValueError, match="noise"):
        Corruption(TINY.noisy, TINY.noisy)
    with pytest.raises(ValueError, match="width is 8"):
        Corruption(TINY.clean, replace(TINY.noisy, trajectory=replace(TINY.noisy.trajectory, width=8)))
    with pytest.raises(ValueError, match="kind is 'grand'"):
        Corruption(TINY.clean, replace(TINY.noisy, kind="grand"))


def test_identity_is_frozen():
    assert revive({"kind": "Corruption", "version": 1, "fields": {}}) == Corruption()
    assert digest(Corruption()) == "3b3a4b313c07"
