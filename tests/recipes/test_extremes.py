"""Extremes of a score: digits through the engine, annotations by brute force and against SciPy and pandas."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunebook import datasets
from prunebook.recipes import extremes
from prunebook.recipes.base import Record
from prunebook.recipes.extremes import Extremes, by_class, difficulty
from prunebook.recipes.grid import Run
from prunebook.recipes.scoring import Averaged, Scores
from prunebook.recipes.trajectory import Trajectory
from prunebook.runs.engine import results
from prunebook.runs.identity import digest, revive
from prunebook.runs.store import Store
from prunebook.training.settings import Training

TINY = Trajectory("digits", "resnet8", 4, "small", Training(epochs=1, batch_size=64, augment="none"), at=(1,))
NETWORKS = Averaged(Scores(TINY, "el2n", 0), networks=3, pool=3)
COLUMNS = ("random1", "random2", "random3")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    found = Store(tmp_path_factory.mktemp("store"), published=False)
    results([Run(Extremes(NETWORKS), 0)], store=found, device="cpu")
    return found


@pytest.fixture
def annotated(monkeypatch):
    """Digits as if three people and a C-score had judged them; the frame of all that is known of each."""
    labels = datasets.load("digits").train_labels.numpy()
    rng = np.random.default_rng(0)
    people = {name: np.where(rng.random(len(labels)) < 0.2, (labels + 1) % 10, labels) for name in COLUMNS}
    people |= {"worse": (labels + 1) % 10, "clean": labels}
    c_scores = rng.random(len(labels))
    monkeypatch.setitem(extremes.ANNOTATED, "digits", COLUMNS)
    monkeypatch.setattr("prunebook.datasets.annotations.human_labels", lambda name: people)
    monkeypatch.setattr("prunebook.datasets.annotations.c_scores", lambda name: c_scores)
    wrong = sum((people[name] != labels).astype(float) for name in COLUMNS) / 3
    return pd.DataFrame({"label": labels, "score": rng.integers(0, 400, len(labels)) / 7.0, "human": 100 * wrong,
                         "c_score": c_scores})


def context(scores):
    stored = Record({}, {"scores": scores})
    return SimpleNamespace(seed=0, dataset=datasets.load, result=lambda recipe, seed: stored)


def test_images_are_the_extremes_of_their_class(store):
    run, data = store.get(Extremes(NETWORKS), 0), datasets.load("digits")
    scores = np.mean([store.get(NETWORKS.scores, seed).arrays["scores"].astype(float) for seed in range(3)], 0)
    labels = data.train_labels.numpy()
    for label in range(10):
        members = np.sort(scores[labels == label])
        np.testing.assert_allclose(run.arrays["smallest_scores"][label], members[:2], rtol=1e-6)
        np.testing.assert_allclose(run.arrays["largest_scores"][label], members[::-1][:2], rtol=1e-6)
    for end in ("smallest", "largest"):
        chosen = run.arrays[f"{end}_indices"]
        assert run.arrays[end].dtype == np.uint8
        assert run.arrays[end].shape == (10, 2, 1, 8, 8)
        np.testing.assert_array_equal(run.arrays[end], data.train_images.numpy()[chosen])
        np.testing.assert_array_equal(labels[chosen], np.arange(10)[:, None].repeat(2, 1))
    assert run.metrics == {"classes": list("0123456789"), "examples": 1297}


def test_without_images_there_are_no_arrays():
    data = datasets.load("digits")
    assert Extremes(NETWORKS, each=0).run(context(np.arange(len(data.train_labels)))).arrays == {}


def test_metrics_are_those_of_pandas_and_scipy(annotated):
    metrics = Extremes(NETWORKS, each=1, share=0.1).run(context(annotated.score.to_numpy())).metrics
    ordered = annotated.sort_values("score", kind="stable")
    for measure in ("human", "c_score"):
        expected = stats.spearmanr(annotated.score, annotated[measure]).statistic
        assert metrics[f"{measure}_rho"] == pytest.approx(expected)
        assert metrics[f"{measure}_mean"] == pytest.approx(annotated[measure].mean())
        for end, part in (("smallest", pd.DataFrame.head), ("largest", pd.DataFrame.tail)):
            within = [part(group, round(0.1 * len(group)))[measure].mean() for _, group in ordered.groupby("label")]
            assert metrics[f"{measure}_{end}"] == pytest.approx(np.mean(within))
            assert metrics[f"{measure}_{end}_overall"] == pytest.approx(part(ordered, 130)[measure].mean())


def test_a_score_of_difficulty_has_the_hardest_at_its_end(annotated):
    never = np.where(annotated.human > 0, np.inf, 0.0)  # as forgetting has it
    metrics = Extremes(NETWORKS, each=0).run(context(never)).metrics
    assert metrics["human_smallest"] == 0 < metrics["human_mean"] < metrics["human_largest"]
    assert metrics["human_rho"] > 0.9


def test_the_share_at_an_end_is_at_least_one():
    assert Extremes(NETWORKS, share=0.01).size(range(10)) == 1


def test_classes_are_in_ascending_order_and_ties_by_index():
    order = by_class(np.array([3.0, 1.0, 1.0, np.inf, 0.0]), np.array([0, 0, 0, 1, 1]), 2)
    assert [list(members) for members in order] == [[1, 2, 0], [4, 3]]


def test_more_images_than_a_class_has_is_an_error():
    scores = np.arange(len(datasets.load("digits").train_labels))
    with pytest.raises(ValueError, match="each: 500 is not valid"):
        Extremes(NETWORKS, each=500).run(context(scores))


@pytest.mark.parametrize(("field", "value"), [("each", -1), ("each", 1.5), ("share", 0.0), ("share", 1.1)])
def test_bad_fields_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        Extremes(NETWORKS, **{field: value})


def test_only_annotated_data_have_a_difficulty():
    with pytest.raises(ValueError, match="dataset: 'digits' is unknown; valid are 'cifar10', 'cifar100'"):
        difficulty("digits", np.zeros(3))


def test_identity_is_frozen():
    assert revive({"kind": "Extremes", "version": 1, "fields": {}}) == Extremes()
    assert digest(Extremes()) == "3045513e88e9"
