"""Scores beside memorization values: digits against scikit-learn, the values of CIFAR-100 as if digits had them."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from prunebook import datasets
from prunebook.recipes import memorization
from prunebook.recipes.base import Record
from prunebook.recipes.grid import Run
from prunebook.recipes.memorization import Memorization, disagreement
from prunebook.recipes.scoring import Averaged, Scores
from prunebook.recipes.trajectory import Trajectory
from prunebook.runs.engine import results
from prunebook.runs.identity import digest, revive
from prunebook.runs.store import Store
from prunebook.training.settings import Training

TINY = Trajectory("digits", "resnet8", 4, "small", Training(epochs=1, batch_size=64, augment="none"), at=(1,))
NETWORKS = Averaged(Scores(TINY, "el2n", 0), networks=2, pool=2)


def run(scores, neighbours=20):
    stored = Record({}, {"scores": scores})
    context = SimpleNamespace(seed=0, dataset=datasets.load, result=lambda recipe, seed: stored)
    return Memorization(NETWORKS, neighbours).run(context)


def test_the_stand_in_is_scikit_learns():
    data = datasets.load("digits")
    pixels, labels = data.train_images.flatten(1).numpy().astype(float), data.train_labels.numpy()
    _, found = NearestNeighbors(n_neighbors=6).fit(pixels).kneighbors(pixels)
    assert (found[:, 0] == np.arange(len(pixels))).all()
    np.testing.assert_allclose(disagreement(data, 5), (labels[found[:, 1:]] != labels[:, None]).mean(1))


def test_digits_have_the_stand_in_alone(tmp_path):
    store = Store(tmp_path, published=False)
    results([Run(Memorization(NETWORKS, neighbours=7), 0)], store=store, device="cpu")
    found = store.get(Memorization(NETWORKS, neighbours=7), 0)
    scores = np.mean([store.get(NETWORKS.scores, seed).arrays["scores"].astype(float) for seed in (0, 1)], 0)
    assert set(found.arrays) == {"indices", "scores", "disagreement"}
    assert found.arrays["scores"] == pytest.approx(scores, rel=1e-6)
    expected = stats.spearmanr(scores, disagreement(datasets.load("digits"), 7)).statistic
    assert found.metrics["rho_disagreement"] == pytest.approx(expected)
    assert found.metrics["rank"] == pytest.approx(0.5, abs=0.005)  # the middle image, or one tied with it


def test_each_image_once_with_its_value(monkeypatch):
    rng = np.random.default_rng(0)
    scores, c_scores, values = rng.random(1297), rng.random(1297), rng.random(1297)
    train = rng.integers(0, 1297, 300)  # with repetitions, as an image is in several pairs
    pairs = SimpleNamespace(train_index=train, memorization=values[train])
    monkeypatch.setattr(memorization, "MEMORIZED", ("digits",))
    monkeypatch.setattr(memorization, "ANNOTATED", ("digits",))
    monkeypatch.setattr("prunebook.datasets.annotations.memorization", lambda: pairs)
    monkeypatch.setattr("prunebook.datasets.annotations.c_scores", lambda name: c_scores)
    found = run(scores)
    images = sorted(set(train.tolist()))
    assert found.arrays["indices"].tolist() == images
    np.testing.assert_allclose(found.arrays["memorization"], values[images], rtol=1e-6)
    np.testing.assert_allclose(found.arrays["c_scores"], c_scores[images], rtol=1e-6)
    assert found.metrics == pytest.approx({
        "rho_memorization": stats.spearmanr(scores[images], values[images]).statistic,
        "rho_c_scores": stats.spearmanr(scores[images], c_scores[images]).statistic,
        "rho_c_scores_all": stats.spearmanr(scores, c_scores).statistic,
        "rank": np.median(stats.rankdata(scores)[images] - 0.5) / 1297, "images": len(images),
    })


@pytest.mark.parametrize("neighbours", [0, 2.5, True])
def test_bad_fields_are_named(neighbours):
    with pytest.raises(ValueError, match="neighbours"):
        Memorization(NETWORKS, neighbours=neighbours)


def test_more_neighbours_than_images_is_an_error():
    with pytest.raises(ValueError, match="neighbours: 1297 is not valid"):
        run(np.arange(1297.0), neighbours=1297)


def test_identity_is_frozen():
    assert revive({"kind": "Memorization", "version": 1, "fields": {}}) == Memorization()
    assert digest(Memorization()) == "077f684bddd7"
