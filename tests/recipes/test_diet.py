"""What a score keeps, training on it, and the settings that pages share, on scikit-learn's digits."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prunebook import datasets
from prunebook.recipes import diet
from prunebook.recipes.grid import Run
from prunebook.recipes.pruned import PrunedAccuracy, bounds, window
from prunebook.recipes.scoring import Averaged, Scores
from prunebook.recipes.streams import stream, torch_seed
from prunebook.recipes.trajectory import Trajectory, initial
from prunebook.runs.engine import results
from prunebook.runs.identity import describe, digest, revive
from prunebook.runs.store import Store
from prunebook.training.loop import evaluate, train
from prunebook.training.settings import Training

FAST = Training(epochs=3, batch_size=64, drop_last=True, augment="none", schedule="steps", milestones=(2,))
TINY = Trajectory("digits", "resnet8", 4, training=FAST, at=(1, 3))
NOISY = replace(TINY, noise=0.1)
EL2N = Averaged(Scores(TINY, "el2n", 3), 2, 2)
PRUNED = PrunedAccuracy("digits", EL2N, 0.5, model="resnet8", width=4, training=replace(FAST, epochs=0, steps=12))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"), published=False)


def one(recipe, store, seed=0):
    """The stored run of one replicate."""
    results([Run(recipe, seed)], store=store, device="cpu")
    return store.get(recipe, seed)


# What a score keeps


SCORES = st.lists(st.integers(0, 5).map(float) | st.just(math.inf), min_size=1, max_size=40)
PERCENT = st.integers(1, 100)


@given(SCORES, PERCENT, st.integers(0, 100), st.integers(0, 2**32))
def test_a_window_lies_where_sorting_says(scores, keep, offset, seed):
    n, beyond, keep, offset = len(scores), keep + offset > 100, keep / 100, offset / 100
    size, first = round(keep * n), round(offset * n)
    if size == 0 or (beyond and first + size > n):
        with pytest.raises(ValueError, match="keep: .* is none|offset: .* beyond the data"):
            window(scores, keep, offset, random=np.random.default_rng(seed))
        return
    first = min(first, n - size)
    kept = window(scores, keep, offset, random=np.random.default_rng(seed))
    assert np.array_equal(kept, np.unique(kept))
    assert sorted(scores[i] for i in kept) == sorted(scores)[first : first + size]
    last = window(scores, keep, (n - size) / n, random=np.random.default_rng(seed))
    assert np.array_equal(window(scores, keep, random=np.random.default_rng(seed)), last)


def test_ties_are_broken_at_random():
    random = np.random.default_rng(0)
    kept = [window([1, 0, 1, 1, 1], 0.4, random=random) for _ in range(800)]
    counts = np.bincount(np.concatenate(kept), minlength=5)
    assert counts[1] == 0
    assert counts[[0, 2, 3, 4]] == pytest.approx(np.full(4, 400), abs=4 * np.sqrt(200))


@pytest.mark.parametrize(("keep", "offset", "named"), [
    (0, None, "keep: 0 "), (1.1, None, "keep: 1.1"), (math.nan, None, "keep: nan"), (True, None, "keep: True"),
    (1e-5, None, "keep: 1e-05 of 1297 examples is none"), (0.5, -0.1, "offset: -0.1"), (0.5, 1.5, "offset: 1.5"),
    (0.5, math.nan, "offset: nan"), (0.5, True, "offset: True"), (0.5, 0.6, "offset: 0.6 .* at most 0.5 is valid"),
])
def test_windows_beyond_the_data_are_named(keep, offset, named):
    with pytest.raises(ValueError, match=named):
        bounds(1297, keep, offset)
    with pytest.raises(ValueError, match=named):
        replace(PRUNED, keep=keep, offset=offset)


@pytest.mark.parametrize("scores", [[[1.0, 2.0]], [1.0, math.nan], 3.0])
def test_scores_must_be_numbers(scores):
    with pytest.raises(ValueError, match="scores: shape"):
        window(scores, 0.5, random=np.random.default_rng(0))


# Training on it


@pytest.mark.parametrize(("change", "size"), [
    ({}, 648), ({"keep": 0.2}, 259), ({"offset": 0.1}, 648), ({"score": None}, 648), ({"keep": 0.03}, 39),
])
def test_steps_do_not_depend_on_what_is_kept(change, size, store):
    run = one(replace(PRUNED, **change), store)
    assert run.metrics["examples"] == sum(run.metrics["class_counts"]) == size
    assert run.metrics["steps"] == 12
    assert run.metrics["curve"] == [[12, run.metrics["accuracy"]]]
    assert 0 <= run.metrics["train_accuracy"] <= 100


def test_looking_on_the_way_changes_nothing(store):
    plain, watched = one(PRUNED, store), one(replace(PRUNED, curve=2), store)
    assert watched.metrics["accuracy"] == plain.metrics["accuracy"]
    assert watched.metrics["train_accuracy"] == plain.metrics["train_accuracy"]
    (first, _), last = watched.metrics["curve"]
    assert (first, last) == (10, [12, plain.metrics["accuracy"]])  # ten batches of 64 are one pass over 648


def test_the_kept_are_those_of_the_ranking(store):
    labels = datasets.load("digits").train_labels.numpy()
    scores = np.mean([one(EL2N.scores, store, seed).arrays["scores"].astype(float) for seed in (0, 1)], axis=0)
    for offset in (None, 0.0, 0.3):
        run = one(replace(PRUNED, offset=offset), store)
        first = 649 if offset is None else round(offset * 1297)
        kept = np.argsort(scores, kind="stable")[first : first + 648]
        expected = np.bincount(labels[kept], minlength=10)
        assert np.abs(np.array(run.metrics["class_counts"]) - expected).sum() <= 2  # a tie at each end


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_it_is_a_training_on_the_kept_images_with_the_labels_of_the_score(noise, store):
    of = replace(TINY, noise=noise)
    recipe = replace(PRUNED, score=replace(EL2N, scores=Scores(of, "el2n", 3)), noise=noise)
    run, data = one(recipe, store, 1), datasets.load("digits")
    scores = np.mean([one(recipe.score.scores, store, seed).arrays["scores"].astype(float) for seed in (0, 1)], axis=0)
    kept = torch.tensor(window(scores, 0.5, random=stream(1, "kept", *recipe.arm)))
    network = initial("resnet8", "digits", 4, "small", torch_seed(1, *recipe.arm, "network"))
    statistics = dict(mean=data.mean, std=data.std)
    history = train(network, data.train_images[kept], torch.tensor(of.labels(data))[kept], recipe.training,
                    seed=torch_seed(1, *recipe.arm, "order"), **statistics)
    assert run.metrics["accuracy"] == 100 * evaluate(network, data.test_images, data.test_labels, **statistics)
    assert run.metrics["train_accuracy"] == 100 * history.train_accuracy
    assert run.metrics["class_counts"] == torch.bincount(data.train_labels[kept], minlength=10).tolist()


def test_a_random_share_is_another_one_each_time(store):
    recipe = replace(PRUNED, score=None)
    one_, other = (one(recipe, store, seed).metrics["class_counts"] for seed in (0, 1))
    assert one_ != other
    assert recipe.needs(0) == []


def test_arms_have_their_own_random_numbers():
    recipes = [PRUNED, *(replace(PRUNED, **change) for change in (
        {"keep": 0.4}, {"offset": 0.0}, {"score": None}, {"score": replace(EL2N, networks=1)},
        {"score": replace(EL2N, scores=Scores(TINY, "grand", 3))},
        {"score": replace(EL2N, scores=Scores(TINY, "el2n", 1))},
    )), replace(PRUNED, score=None, noise=0.1)]
    assert len({recipe.arm for recipe in recipes}) == len(recipes)


@pytest.mark.parametrize(("change", "named"), [
    ({"score": Averaged(Scores(NOISY, "el2n", 3), 2, 2)}, r"score: it was made with noise 0.1; it must be 0.0"),
    ({"noise": 0.1}, "noise 0.0; it must be 0.1"), ({"dataset": "mnist"}, "dataset 'digits'; it must be 'mnist'"),
    ({"score": None, "offset": 0.1}, "offset: 0.1 without a score"), ({"curve": 0}, "curve: 0"),
])
def test_pairs_that_do_not_fit_are_named(change, named):
    with pytest.raises(ValueError, match=named):
        replace(PRUNED, **change)


def test_input_norms_fit_any_noise():
    norms = Averaged(Scores(TINY, "input_norm"), 1, 1)
    assert replace(PRUNED, score=norms, noise=0.1).score == norms


# The settings of the paper and of smaller scales


def test_paper_scale_is_the_papers():
    pruned, trained = diet.pruned("paper", None, 0.5), diet.trajectory("paper")
    assert pruned == PrunedAccuracy(curve=20)
    assert pruned.training.steps == 200 * 390 == 78_000
    assert pruned.training.milestones == (60 * 390, 120 * 390, 160 * 390)
    for steps in (390 * 59, 390 * 60, 390 * 160):
        epoch = steps // 390
        assert pruned.training.rate(0, steps, 0, 0) == trained.training.rate(epoch, 0, 0, 0)
        decays = sum(epoch >= milestone for milestone in (60, 120, 160))
        assert trained.training.rate(epoch, 0, 0, 0) == pytest.approx(0.1 / 5**decays)
    assert trained == Trajectory()
    assert (trained.training.epochs, trained.at) == (200, (10, 20, 200))
    assert (pruned.training.lr, pruned.training.momentum, pruned.training.weight_decay) == (0.1, 0.9, 5e-4)
    assert pruned.training.nesterov
    assert diet.averaged("paper", "el2n", 20) == Averaged()


def test_pages_share_their_runs():
    assert diet.trajectory("small", until=20) == diet.trajectory("small")
    assert diet.averaged("small", "el2n", 20) == diet.averaged("small", "el2n", 20, of=diet.trajectory("small"))
    assert diet.averaged("small", "el2n", 20).needs(0) == diet.averaged("small", "el2n", 20).needs(3)
    pools = {("grand", 0): 10, ("grand", 20): 5, ("input_norm", 0): 1}
    assert {score: diet.averaged("small", *score).pool for score in pools} == pools
    assert diet.trajectory("small", model="vgg13").stem == "small"
    assert diet.trajectory("small", model="resnet50").width == 16


FROZEN = {  # these names are on disk: another one orphans the results
    "8be5144fa473": diet.trajectory("small"),
    "1e7436ab1eb4": diet.averaged("small", "el2n", 20).scores,
    "17143dfb1f89": diet.averaged("small", "grand", 0).scores,
    "e0a78feabb41": diet.pruned("small", None, 0.5),
    "f6eea66ea058": diet.pruned("small", diet.averaged("small", "el2n", 20), 0.5),
    "8c72c36b094f": diet.pruned("small", diet.averaged("small", "el2n", 10), 0.5, offset=0.4),
}


@pytest.mark.parametrize(("name", "recipe"), FROZEN.items())
def test_frozen_digests(name, recipe):
    assert digest(recipe) == name
    assert revive(describe(recipe)) == recipe
    assert revive(describe(recipe)).needs(1) == recipe.needs(1)


def test_costs_are_counted_not_measured():
    small, other = diet.pruned("small", None, 0.5), diet.pruned("small", None, 0.2)
    assert small.flops() == pytest.approx(other.flops())  # the same number of steps
    assert diet.pruned("paper", None, 0.5).flops() / 1e15 == pytest.approx(33.3, rel=0.02)  # 78,000 batches of 128
    assert Scores(TINY, "input_norm").flops() == 0
    assert Scores(TINY, "grand", 3).flops() == 5 * Scores(TINY, "el2n", 3).flops() > 0


@pytest.mark.parametrize("noise", [3, -0.1, True, "a tenth"])
def test_noise_is_checked_before_anything_is_trained(noise):
    for make in (lambda: diet.trajectory("smoke", noise=noise), lambda: diet.pruned("smoke", None, 0.5, noise=noise)):
        with pytest.raises(ValueError, match="noise.*from 0 to 1"):
            make()


def test_whole_numbers_are_the_same_run_whichever_way_they_are_written():
    score = diet.averaged("smoke", "el2n", 20)
    for one, other in ((0, 0.0), (1, 1.0)):
        assert replace(diet.pruned("smoke", None, 1), noise=one).arm == replace(
            diet.pruned("smoke", None, 1.0), noise=other).arm
    assert diet.pruned("smoke", score, 1, offset=0).arm == diet.pruned("smoke", score, 1.0, offset=0.0).arm


def test_a_window_may_be_rounded_up_at_both_ends():
    kept = window(np.arange(5), 0.7, 0.3, random=np.random.default_rng(0))
    assert kept.tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="offset.*beyond"):
        window(np.arange(5), 0.7, 0.31, random=np.random.default_rng(0))


def test_the_last_window_is_the_run_that_keeps_the_highest():
    score = diet.averaged("small", "el2n", 10)
    highest = diet.pruned("small", score, 0.4)
    assert diet.pruned("small", score, 0.4, offset=0.6) == highest  # 0.4 + 0.6 is 1 but for rounding
    assert diet.pruned("small", score, 0.4, offset=0.5) != highest
