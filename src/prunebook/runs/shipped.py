"""What the repository ships for use elsewhere: chosen indices and per-example values, each with one call."""

import numpy as np

from prunebook.arrays.checks import choice
from prunebook.recipes.cost import SHAPES
from prunebook.runs import score_files
from prunebook.runs.identity import revive
from prunebook.runs.store import Store


def load_subset(method, dataset, budget, *, seed=0, store=None):
    """Indices (budget,) into the training set of `dataset`, in pick order, as the norms pages chose them.

    Raises ValueError with what there is, if no such selection is stored.
    """
    found = {}
    for run in (store or Store()).records("Selection"):
        recipe = revive(run.recipe)
        if recipe.features.dataset == dataset and recipe.order == 2 and recipe.randomize:
            found[recipe.method, recipe.budget, run.seed] = run
    if (method, budget, seed) in found:
        return np.array(found[method, budget, seed].metrics["indices"], dtype=np.int64)
    have = {"method": method, "budget": budget, "seed": seed}
    for place, (argument, value) in enumerate(have.items()):
        kept = {key: run for key, run in found.items() if key[place] == value}
        if not kept:
            valid = sorted({key[place] for key in found}) or ["nothing: no selection on this data set is stored"]
            choice(argument, value, valid)
        found = kept
    raise AssertionError("unreachable: one of the three was missing")


def load_scores(name, dataset, *, epoch=None, scale="", details=False, store=None):
    """Scores (N,) of the training set of `dataset`, index i as torchvision gives it, averaged over networks.

    "el2n", "grand", "forgetting", "label_free_1" to 3 and "input_norm" of Data Diet, at the largest scale stored
    (or at `scale`); "norm": norms of SimCLR features. `epoch`: the paper's, None for where it takes the score.
    Forgetting is infinite where a network never learned the example. `details=True` returns (scores, dict) with
    scale, networks, recipe and provenance. Raises ValueError with what there is, if none are stored.
    """
    store = store or Store()
    choice("name", name, ("norm", *score_files.NAMES))
    if name == "norm":
        found = {revive(run.recipe).features.dataset: run for run in store.records("FeatureNorms")}
        run = found[choice("dataset", dataset, sorted(found) or ["nothing: no scores are stored"])]
        values = store.get(revive(run.recipe), run.seed).arrays["norms"]
        return (values, {"score": "norm", "recipe": run.recipe, "provenance": [run.provenance]}) if details else values
    runs, found = score_files.stored(name, dataset, scale=scale, epoch=epoch, store=store)
    if not runs:
        have = sorted(d for d in SHAPES if score_files.stored(name, d, scale=scale, epoch=epoch, store=store)[0])
        choice("dataset", dataset, have or ["nothing: no such scores are stored; `prunebook scores` computes them"])
    values = score_files.average(runs, store)
    return (values, score_files.details(runs, found, store)) if details else values
