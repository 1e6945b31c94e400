"""Kernel velocity on digits: the engine's record against autograd in float64, the order and the pairs of epochs."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from prunebook import datasets
from prunebook.datasets.augment import normalize
from prunebook.recipes.base import Record
from prunebook.recipes.checkpoints import restored
from prunebook.recipes.dynamics import PAIRS, velocity
from prunebook.recipes.grid import Run
from prunebook.recipes.scoring import Averaged, Scores
from prunebook.recipes.trajectory import Trajectory
from prunebook.recipes.velocity import KernelVelocity
from prunebook.runs.engine import results
from prunebook.runs.identity import digest, revive
from prunebook.runs.store import Store
from prunebook.training.settings import Training

TRAINING = Training(epochs=2, batch_size=64, augment="none")
FOLLOWED = Trajectory("digits", "resnet8", 2, "small", TRAINING, at=(1, 2))
SCORE = Averaged(Scores(replace(FOLLOWED, width=4, at=(1,)), "el2n", 0), networks=3, pool=3)
TINY = KernelVelocity(FOLLOWED, SCORE, epoch=1, examples=4, positions=3)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    found = Store(tmp_path_factory.mktemp("store"), published=False)
    results([Run(replace(TINY, epoch=epoch), 1) for epoch in (0, 1)], store=found, device="cpu")
    return found


def kernel(network, images):
    """Ψ Ψᵀ by autograd, logit by logit, in float64."""
    network, rows = network.double().eval(), []
    for image in images:
        for logit in network(image[None])[0]:
            rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(
                logit, tuple(network.parameters()), retain_graph=True)]))
    rows = torch.stack(rows)
    return (rows @ rows.T).numpy()


@pytest.mark.parametrize("epoch", [0, 1])
def test_velocities_are_those_of_autograd(store, epoch):
    data, weights = datasets.load("digits"), store.get(FOLLOWED, SCORE.pool + 1)
    scores = np.random.default_rng(0).permutation(1297) / 1297.0  # no ties
    made = {FOLLOWED: weights.record(), SCORE.scores: Record({}, {"scores": scores})}
    context = SimpleNamespace(seed=1, device="cpu", dataset=datasets.load, progress=lambda *_: None,
                              result=lambda recipe, seed: made[recipe])
    run, order = replace(TINY, epoch=epoch).run(context).metrics, np.argsort(scores)
    assert run["start"] == [0, round((1297 - 4) / 2), 1297 - 4]
    for start, found, mean in zip(run["start"], run["velocity"], run["score"], strict=True):
        chosen = order[start : start + 4]
        images = normalize(data.train_images[chosen], data.mean, data.std, torch.float64)
        before, after = (kernel(restored(FOLLOWED.network(SCORE.pool + 1), weights, at), images)
                         for at in (epoch, epoch + 1))
        turned = (before * after).sum() / np.sqrt((before**2).sum() * (after**2).sum())
        assert found == pytest.approx(1 - turned, rel=1e-3)
        assert mean == pytest.approx(scores[chosen].mean())


def test_scores_rise_along_the_ranking(store):
    run = store.get(TINY, 1).metrics
    assert len(run["velocity"]) == 3
    assert run["score"] == sorted(run["score"])
    assert run["score"][0] < run["score"][2]


def test_accuracies_are_those_of_the_trajectory(store):
    tested = store.get(FOLLOWED, SCORE.pool + 1).metrics["test_accuracy"]
    assert store.get(TINY, 1).metrics["test_accuracy"] == pytest.approx(tested)
    assert store.get(replace(TINY, epoch=0), 1).metrics["test_accuracy"][1] == pytest.approx(tested[0])


def test_no_network_that_is_followed_made_the_score():
    same = replace(TINY, score=replace(SCORE, scores=Scores(FOLLOWED, "el2n", 1)))
    for seed in range(5):
        (followed, replicate), *scored = same.needs(seed)
        assert followed == FOLLOWED
        assert replicate not in [member for _, member in scored]


def test_weights_after_an_epoch_that_was_not_kept_are_an_error(store):
    with pytest.raises(ValueError, match=r"epoch: .* no weights after epoch 3; it has those of \[1, 2\]"):
        restored(FOLLOWED.network(0), store.get(FOLLOWED, SCORE.pool + 1), 3)


@pytest.mark.parametrize(("fields", "match"), [
    ({"epoch": 2}, "epoch: 2 is unknown; valid are 0, 1"),
    ({"examples": 0}, "examples: 0 is not valid"),
    ({"examples": 1298}, "examples: 1298 is not valid; it must be an integer from 1 to 1297"),
    ({"examples": 1290, "positions": 9}, "positions: 9 is not valid; it must be an integer from 1 to 8"),
    ({"score": Averaged()}, "score: its dataset is 'cifar10'; it must be 'digits'"),
    ({"trajectory": replace(FOLLOWED, noise=0.1)}, "score: its noise is 0.0; it must be 0.1"),
])
def test_bad_fields_are_named(fields, match):
    with pytest.raises(ValueError, match=match):
        replace(TINY, **fields)


@pytest.mark.parametrize("scale", PAIRS)
def test_pairs_of_a_scale_share_their_training(scale):
    recipes = [velocity(scale, PAIRS[scale], epoch, "el2n") for epoch in PAIRS[scale]]
    assert len({digest(recipe.trajectory) for recipe in recipes}) == 1
    assert recipes[0].trajectory.training.epochs == PAIRS[scale][-1] + 1
    assert all(recipe.flops() > 0 for recipe in recipes)
    assert revive({"kind": "KernelVelocity", "version": 1, "fields": {}}) == KernelVelocity()


def test_the_model_of_a_scale_by_name_is_the_model_of_the_scale():
    assert velocity("small", (1,), 1, "el2n", model="resnet8") == velocity("small", (1,), 1, "el2n")


def test_identities_are_frozen():
    small = velocity("small", PAIRS["small"], 4, "el2n")
    assert (digest(KernelVelocity()), digest(small)) == ("b16bebd6d5a4", "0ed0c220a6b8")
