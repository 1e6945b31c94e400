"""Scores from a search for hyper-parameters, on scikit-learn's digits."""

from dataclasses import replace

import numpy as np
import pytest

from prunebook.recipes import diet
from prunebook.recipes.grid import Run
from prunebook.recipes.pruned import PrunedAccuracy
from prunebook.recipes.scoring import Averaged, Scores
from prunebook.recipes.search import Search
from prunebook.recipes.trajectory import Trajectory
from prunebook.runs.engine import results
from prunebook.runs.identity import describe, digest, revive
from prunebook.runs.store import Store
from prunebook.training.settings import Training

FAST = Training(epochs=1, batch_size=128, drop_last=True, augment="none", schedule="steps", milestones=(2,))
SCORES = Scores(Trajectory("digits", "resnet8", 4, training=FAST, at=(1,)), "el2n", 1)
SEARCH = Search(SCORES, rates=(0.2, 0.05), decays=(0.001,))
PRUNED = PrunedAccuracy("digits", SEARCH, 0.5, model="resnet8", width=4, training=replace(FAST, epochs=0, steps=3))


def test_the_papers_grid_has_nine_networks_that_no_average_has():
    search, optimal = Search(), diet.averaged("paper", "el2n", 20)
    needs = search.needs(0)
    assert len(needs) == len(set(needs)) == 9
    assert {(of.trajectory.training.lr, of.trajectory.training.weight_decay) for of, _ in needs} == {
        (rate, decay) for rate in (0.2, 0.1, 0.05) for decay in (0.001, 0.0005, 0.0001)
    }
    assert not {seed for _, seed in needs} & {seed for replicate in range(10) for _, seed in optimal.needs(replicate)}
    assert len({seed for _, seed in needs}) == 9
    assert sum(of == optimal.scores for of, _ in needs) == 1  # the setting of the paper is one of the nine
    assert search.needs(3) == needs


def test_the_score_is_the_mean_over_the_grid(tmp_path):
    store = Store(tmp_path, published=False)
    results([Run(PRUNED, 0), Run(SEARCH, 0)], store=store, device="cpu")
    parts = [store.get(of, seed).arrays["scores"].astype(np.float64) for of, seed in SEARCH.needs(0)]
    assert not np.array_equal(*parts)
    np.testing.assert_allclose(store.get(SEARCH, 0).arrays["scores"], np.mean(parts, axis=0), rtol=1e-7)
    assert store.get(PRUNED, 0).metrics["examples"] == 648


@pytest.mark.parametrize("search", [SEARCH, Search(), Search(rates=(1,), decays=(0,))])
def test_it_comes_back_from_its_description(search):
    recipe = replace(PRUNED, score=replace(search, scores=SCORES))
    for made in (recipe, search):
        again = revive(describe(made))
        assert again == made
        assert digest(again) == digest(made)
        assert again.needs(0) == made.needs(0)
    assert revive(describe(recipe)).arm == recipe.arm


def test_arms_have_their_own_random_numbers():
    others = Averaged(SCORES, 2, 2), replace(SEARCH, rates=(0.2, 0.1)), replace(SEARCH, decays=(0.002,))
    assert len({replace(PRUNED, score=score).arm for score in (SEARCH, *others)}) == 4


@pytest.mark.parametrize(("change", "named"), [
    ({"rates": ()}, "rates: nothing to search"), ({"decays": ()}, "decays: nothing"), ({"first": -1}, "first: -1"),
    ({"scores": replace(SCORES, epoch=0)}, "scores: 'el2n' at epoch 0"),
    ({"scores": replace(SCORES, kind="input_norm")}, "scores: 'input_norm'"),
])
def test_searches_that_cannot_be_are_named(change, named):
    with pytest.raises(ValueError, match=named):
        replace(SEARCH, **change)


def test_what_no_training_takes_is_named_before_any_run():
    with pytest.raises(ValueError, match="lr: -0.1"):
        replace(SEARCH, rates=(-0.1,))
    with pytest.raises(ValueError, match="it was made with noise 0.1"):
        noisy = replace(SCORES, trajectory=replace(SCORES.trajectory, noise=0.1))
        replace(PRUNED, score=replace(SEARCH, scores=noisy))
