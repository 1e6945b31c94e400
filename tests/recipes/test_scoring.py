"""Networks that score, their scores and averages, on scikit-learn digits, through the engine and a store of its own."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from prunebook import datasets
from prunebook.recipes.grid import Run
from prunebook.recipes.scoring import Averaged, Scores, rounded
from prunebook.recipes.trajectory import Trajectory
from prunebook.runs.engine import results
from prunebook.runs.store import Store
from prunebook.training.settings import Training

FAST = Training(epochs=3, batch_size=64, drop_last=True, augment="none", schedule="steps", milestones=(2,))
TINY = Trajectory("digits", "resnet8", 4, training=FAST, at=(1, 3))
NOISY = replace(TINY, noise=0.1)
AVERAGED = Averaged(Scores(TINY, "el2n", 3), 2, 2)
ROUNDING = 2.0**-12  # 12 significant bits: half a step relative to a fraction of at least 1/2


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"), published=False)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def one(recipe, store, seed=0):
    """The stored run of one replicate."""
    results([Run(recipe, seed)], store=store, device="cpu")
    return store.get(recipe, seed)


def normalised(images):
    return (images.double() / 255 - 0.3052) / 0.3761


def at_epoch(run, epoch, seed=0, of=TINY):
    """The network of a stored trajectory at an epoch, in float64 and evaluation mode."""
    model = of.network(seed)
    model.load_state_dict({name: torch.tensor(run.arrays[f"{epoch}/{name}"]) for name in model.state_dict()})
    return model.double().eval()


def bits(run, name):
    return np.unpackbits(run.arrays[name], axis=1, count=1297).astype(bool)


# Trajectories


def test_a_trajectory_keeps_the_weights_it_was_tested_with(store, digits):
    run = one(TINY, store)
    for place, epoch in enumerate(TINY.at):
        with torch.no_grad():
            right = at_epoch(run, epoch)(normalised(digits.test_images)).argmax(1) == digits.test_labels
        assert run.metrics["test_accuracy"][place] == pytest.approx(100 * float(right.double().mean()), abs=0.21)
    seen, correct = bits(run, "seen"), bits(run, "correct")
    assert seen.sum(1).tolist() == [1280] * 3  # 20 batches of 64
    assert not (correct & ~seen).any()
    assert run.metrics["train_accuracy"] == pytest.approx(100 * correct[-1].sum() / 1280)


def test_a_network_depends_on_its_seed_alone():
    names = TINY.network(0).state_dict()
    for other in (NOISY, replace(TINY, training=replace(FAST, epochs=9), at=(9,))):
        assert all(torch.equal(value, names[name]) for name, value in other.network(0).state_dict().items())
    assert not torch.equal(TINY.network(1).fc.weight, TINY.network(0).fc.weight)
    before = torch.random.get_rng_state()
    TINY.network(2)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_more_checkpoints_change_no_weights(store):
    run, other = one(TINY, store), one(replace(TINY, at=(2, 3)), store)
    assert all(np.array_equal(run.arrays[name], other.arrays[name]) for name in run.arrays if name.startswith("3/"))
    assert any(not np.array_equal(value, run.arrays[f"1/{name[2:]}"])
               for name, value in other.arrays.items() if name.startswith("2/"))


def test_noise_is_the_same_for_all_networks(store, digits):
    clean, noisy = digits.train_labels.numpy(), NOISY.labels(digits)
    assert np.array_equal(TINY.labels(digits), clean)
    assert 0.07 * 1297 < (clean != noisy).sum() <= int(0.1 * 1297)
    assert np.array_equal(np.bincount(noisy), np.bincount(clean))
    assert not np.array_equal(replace(NOISY, noise_seed=1).labels(digits), noisy)
    assert np.array_equal(digits.train_labels.numpy(), clean)
    run = one(NOISY, store)
    with torch.no_grad():
        told = at_epoch(run, 3)(normalised(digits.train_images)).argmax(1).numpy()
    assert np.mean((told == clean)[clean != noisy]) > np.mean((told == noisy)[clean != noisy])
    assert not np.array_equal(bits(run, "correct"), bits(one(TINY, store), "correct"))


@pytest.mark.parametrize("at", [(0,), (4,), (1.5,)])
def test_checkpoints_beyond_the_training_are_named(at):
    with pytest.raises(ValueError, match="at: .* from 1 to 3"):
        replace(TINY, at=at)


# Scores


@pytest.mark.parametrize(("of", "seed"), [(TINY, 0), (TINY, 1), (NOISY, 0)])
@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_el2n_is_the_length_of_the_error(epoch, of, seed, store, digits):
    model = of.network(seed).double().eval() if epoch == 0 else at_epoch(one(of, store, seed), epoch, seed, of)
    with torch.no_grad():
        logits = model(normalised(digits.train_images)).numpy()
    error = np.exp(logits - logits.max(1, keepdims=True))
    error = error / error.sum(1, keepdims=True) - np.eye(10)[of.labels(digits)]
    run = one(Scores(of, "el2n", epoch), store, seed)
    assert run.arrays["scores"].dtype == np.float32
    np.testing.assert_allclose(run.arrays["scores"], np.linalg.norm(error, axis=1), rtol=ROUNDING, atol=1e-5)
    assert ("test_accuracy" in run.metrics) == (epoch > 0)


@pytest.mark.parametrize("epoch", [0, 3])
def test_grand_is_the_norm_of_the_gradient(epoch, store, digits):
    model = TINY.network(0).double().eval() if epoch == 0 else at_epoch(one(TINY, store), epoch)
    found = one(Scores(TINY, "grand", epoch), store).arrays["scores"]
    images, labels = normalised(digits.train_images), digits.train_labels
    for i in range(0, 1297, 200):
        loss = functional.cross_entropy(model(images[i : i + 1]), labels[i : i + 1])
        grads = torch.autograd.grad(loss, list(model.parameters()))
        norm = math.sqrt(sum(float(g.square().sum()) for g in grads))
        assert found[i] == pytest.approx(norm, rel=1.01 * ROUNDING)


def test_label_free_scores_see_no_labels(store):
    for kind in ("label_free_1", "label_free_2"):
        given, *others = (one(recipe, store).arrays["scores"] for recipe in (
            Scores(TINY, kind, 0), Scores(TINY, kind, 0, "permuted"), Scores(NOISY, kind, 0),
        ))
        assert all(np.array_equal(given, other) for other in others)


def test_label_free_scores_are_those_of_their_equations(store, digits):
    model, images = at_epoch(one(TINY, store), 3), normalised(digits.train_images)
    found = [one(Scores(TINY, f"label_free_{kind}", 3), store).arrays["scores"] for kind in (1, 2, 3)]
    for i in (0, 700):
        logits = model(images[i : i + 1])[0]
        gradients = torch.stack([
            torch.cat([g.flatten() for g in torch.autograd.grad(logit, list(model.parameters()), retain_graph=True)])
            for logit in logits
        ])
        expected = gradients.sum(0).norm(), (logits.softmax(0) - 0.1).norm(), gradients.square().sum()
        for values, value in zip(found, expected, strict=True):
            assert values[i] == pytest.approx(float(value.detach()), rel=1.01 * ROUNDING)


def test_permuted_labels_are_drawn_anew_for_each_network(store):
    recipe = Scores(TINY, "el2n", 0, "permuted")
    runs = [one(recipe, store, seed).arrays["scores"] for seed in (0, 1)]
    given = one(Scores(TINY, "el2n", 0), store).arrays["scores"]
    changed = [np.mean(given != run) for run in runs]
    assert 0.8 < changed[0] < 1  # nine of ten get another label
    assert not np.array_equal(*runs)


def test_input_norms_need_no_network(store, digits):
    recipe = Scores(TINY, "input_norm")
    assert recipe.needs(0) == []
    norms = normalised(digits.train_images).flatten(1).norm(dim=1).numpy()
    np.testing.assert_allclose(one(recipe, store).arrays["scores"], norms, rtol=1.01 * ROUNDING)
    assert Averaged(recipe, 1, 1).members(5) == [0]


def test_forgetting_counts_falls_as_trained(store):
    stored, run = one(TINY, store), one(Scores(TINY, "forgetting"), store)
    correct, seen = bits(stored, "correct"), bits(stored, "seen")
    expected = []
    for i in range(1297):
        history = [bool(right) for right, there in zip(correct[:, i], seen[:, i], strict=True) if there]
        falls = sum(before and not after for before, after in itertools.pairwise(history))
        expected.append(falls if any(history) else math.inf)
    assert run.arrays["scores"].tolist() == expected
    assert run.metrics["never_learned"] == sum(map(math.isinf, expected)) > 0
    assert run.metrics["mean"] == pytest.approx(np.mean([value for value in expected if value < math.inf]))


@pytest.mark.parametrize(("change", "named"), [
    ({"kind": "el2"}, "kind: 'el2' .* did you mean 'el2n'"), ({"labels": "true"}, "labels: 'true'"),
    ({"epoch": 2}, "epoch: 2 .* valid are 0, 1, 3"),
])
def test_scores_that_cannot_be_are_named(change, named):
    with pytest.raises(ValueError, match=named):
        replace(Scores(TINY, "el2n", 3), **change)


@given(st.floats(2.0**-120, 2.0**120))
def test_rounding_keeps_twelve_bits(value):
    stored = float(rounded([value])[0])
    assert abs(stored - value) <= value * ROUNDING
    assert math.frexp(stored)[0] * 2**12 % 1 == 0
    assert rounded([0.0, math.inf]).tolist() == [0.0, math.inf]


# Averages over networks


def test_the_average_is_numpys(store):
    parts = [one(AVERAGED.scores, store, seed).arrays["scores"].astype(np.float64) for seed in (0, 1)]

    class Context:
        seed = 3

        @staticmethod
        def result(recipe, *, seed):
            return store.get(recipe, seed)

    np.testing.assert_allclose(AVERAGED.mean(Context), np.mean(parts, axis=0), rtol=1e-15)
    np.testing.assert_array_equal(replace(AVERAGED, networks=1).mean(Context), parts[1])


@given(st.integers(1, 12).flatmap(lambda pool: st.tuples(st.integers(1, pool), st.just(pool))), st.integers(0, 30))
def test_groups_go_round_the_pool(sizes, seed):
    averaged = Averaged(AVERAGED.scores, *sizes)
    networks, pool = sizes
    members = averaged.members(seed)
    assert len(set(members)) == networks
    assert set(members) <= set(range(pool))
    assert averaged.needs(seed) == [(AVERAGED.scores, member) for member in members]
    # `pool` groups, one after the other, take every network equally often
    counts = np.bincount([m for s in range(seed, seed + pool) for m in averaged.members(s)], minlength=pool)
    assert counts.tolist() == [networks] * pool
    if 2 * networks <= pool:
        assert not set(members) & set(averaged.members(seed + 1))


@pytest.mark.parametrize(("networks", "pool"), [(3, 2), (0, 2), (1, 0)])
def test_averages_of_more_networks_than_there_are_are_refused(networks, pool):
    with pytest.raises(ValueError, match="networks|pool"):
        Averaged(AVERAGED.scores, networks, pool)
