"""Error barriers on digits: paths against networks interpolated by hand, children against one long training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from prunebook import datasets
from prunebook.datasets.augment import normalize
from prunebook.recipes.barrier import SETS, ErrorBarrier, Parent, rest
from prunebook.recipes.checkpoints import restored
from prunebook.recipes.dynamics import SPAWNS, barrier
from prunebook.recipes.grid import Run
from prunebook.recipes.streams import torch_seed
from prunebook.runs.engine import results
from prunebook.runs.identity import digest, revive
from prunebook.runs.store import Store
from prunebook.training.loop import train
from prunebook.training.settings import Training

TRAINING = Training(epochs=3, batch_size=50, augment="none", schedule="steps", milestones=(1, 2), decay=0.5)
PARENT = Parent("digits", "resnet8", 2, "small", 200, TRAINING, at=(1,), score_epoch=2)
TINY = ErrorBarrier(PARENT, spawn=1, examples=40, points=5, estimate=60)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    found = Store(tmp_path_factory.mktemp("store"), published=False)
    results([Run(replace(TINY, spawn=spawn), 0) for spawn in (0, 1)], store=found, device="cpu")
    return found


def children(store, data):
    """The two children of the parent, trained here from its weights after epoch 1, and what they were trained on."""
    parent = store.get(PARENT, 0)
    members = torch.from_numpy(parent.arrays["images"].astype(np.int64))
    images, labels = data.train_images[members], data.train_labels[members]
    networks = [restored(PARENT.network(0), parent, 1) for _ in range(2)]
    settings = replace(TRAINING, epochs=2, lr=0.05, milestones=(1,))
    for child, network in enumerate(networks):
        train(network, images, labels, settings, mean=data.mean, std=data.std,
              seed=torch_seed(0, "ErrorBarrier", 1, child))
    return networks, images, labels


def test_the_path_is_that_of_networks_interpolated_by_hand(store):
    data, run = datasets.load("digits"), store.get(TINY, 0).metrics
    (first, second), images, labels = children(store, data)
    order = np.argsort(store.get(PARENT, 0).arrays["el2n"])
    images, middle = normalize(images, data.mean, data.std), PARENT.network(0).eval()
    for name, chosen in (("low", order[:40]), ("high", order[-40:])):
        for place, found in enumerate(run[f"error_{name}_interpolated"]):
            share = place / 4
            middle.load_state_dict({
                key: (1 - share) * a + share * second.state_dict()[key] if a.is_floating_point() else a
                for key, a in first.state_dict().items()
            })
            with torch.no_grad():
                wrong = middle(images[chosen]).argmax(1) != labels[chosen]
            assert found == pytest.approx(100 * wrong.double().mean().item(), abs=2.6)  # one example, by rounding


def test_barriers_are_maximum_minus_mean_of_the_ends(store):
    for spawn in (0, 1):
        run = store.get(replace(TINY, spawn=spawn), 0).metrics
        for name in SETS:
            for kind in ("estimated", "interpolated"):
                errors = run[f"error_{name}_{kind}"]
                assert len(errors) == 5
                expected = max(errors) - (errors[0] + errors[-1]) / 2
                assert run[f"barrier_{name}_{kind}"] == pytest.approx(expected)
                assert run[f"barrier_{name}_{kind}"] >= 0
        assert run["error_low_interpolated"] != run["error_high_interpolated"]


def test_children_differ_though_they_have_one_parent(store):
    (first, second), *_ = children(store, datasets.load("digits"))
    assert not torch.equal(first.fc.weight, second.fc.weight)


def test_sets_are_the_ends_of_the_ranking_and_ties_are_drawn():
    scores = np.repeat(np.arange(10.0), 10)
    tiny = replace(TINY, parent=replace(PARENT, images=100), examples=15)
    draws = [tiny.sets(scores, np.random.default_rng(seed)) for seed in range(20)]
    for found in draws:
        assert {name: len(set(chosen.tolist())) for name, chosen in found.items()} == dict.fromkeys(SETS, 15)
        assert scores[found["low"]].max() == 1
        assert scores[found["high"]].min() == 8
    assert len({tuple(sorted(found["low"])) for found in draws}) > 1


def test_a_parent_has_its_own_images_and_its_own_score(store):
    run, data = store.get(PARENT, 0), datasets.load("digits")
    chosen = run.arrays["images"]
    assert len(np.unique(chosen)) == len(chosen) == 200
    trained = PARENT.network(0)
    images, labels = data.train_images[chosen.astype(int)], data.train_labels[chosen.astype(int)]
    train(trained, images, labels, replace(TRAINING, epochs=2, milestones=(1,)), mean=data.mean, std=data.std,
          seed=torch_seed(0, "Parent", "order"))
    with torch.no_grad():
        error = trained.eval()(normalize(images, data.mean, data.std)).softmax(1) - torch.eye(10)[labels]
    np.testing.assert_allclose(run.arrays["el2n"], error.norm(dim=1), atol=1e-3)


@pytest.mark.parametrize("done", range(4))
@pytest.mark.parametrize("training", [TRAINING, replace(TRAINING, schedule="constant", milestones=()),
                                      replace(TRAINING, epochs=9, milestones=(2, 5))])
def test_children_go_on_with_the_learning_rate_of_the_parent(training, done):
    if done == training.epochs:
        return
    left = rest(training, done)
    whole = [training.rate(epoch, 0, training.epochs, 0) for epoch in range(training.epochs)]
    assert [left.rate(epoch, 0, left.epochs, 0) for epoch in range(left.epochs)] == pytest.approx(whole[done:])


@pytest.mark.parametrize(("fields", "match"), [
    ({"spawn": 2}, "spawn: the parent keeps no weights after epoch 2; it has those of 0, 1"),
    ({"spawn": 3}, "spawn: 3 is not valid; it must be an integer from 0 to 2"),
    ({"examples": 101}, "examples: 101 is not valid; it must be an integer from 1 to 100"),
    ({"points": 2}, "points: 2 is not valid"), ({"estimate": 1}, "estimate: 1 is not valid"),
])
def test_bad_fields_are_named(fields, match):
    with pytest.raises(ValueError, match=match):
        replace(TINY, **fields)


@pytest.mark.parametrize(("fields", "match"), [
    ({"images": 1298}, "images: 1298 is not valid; it must be an integer from 1 to 1297"),
    ({"at": (4,)}, "at: 4 is not valid"), ({"score_epoch": 0}, "score_epoch: 0 is not valid"),
    ({"training": Training(epochs=3)}, "training: children could not go on"),
    ({"training": Training(steps=3, schedule="constant")}, "training: children could not go on"),
    ({"training": replace(TRAINING, schedule_by="step")}, "training: children could not go on"),
])
def test_a_bad_parent_is_named(fields, match):
    with pytest.raises(ValueError, match=match):
        replace(PARENT, **fields)


@pytest.mark.parametrize("scale", SPAWNS)
def test_spawn_times_of_a_scale_share_their_parent(scale):
    recipes = [barrier(scale, SPAWNS[scale], spawn) for spawn in SPAWNS[scale]]
    assert len({digest(recipe.parent) for recipe in recipes}) == 1
    assert all(recipe.flops() > 0 for recipe in recipes)


def test_identities_are_frozen():
    for kind in (Parent, ErrorBarrier):
        assert revive({"kind": kind.__name__, "version": 1, "fields": {}}) == kind()
    small = barrier("small", SPAWNS["small"], 1)
    found = [digest(recipe) for recipe in (Parent(), ErrorBarrier(), small.parent, small)]
    assert found == ["08a897fd58b5", "f4fe92beb958", "f5ba885b0e2a", "ed46b534fccd"]
