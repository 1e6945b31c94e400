"""What the repository ships for use elsewhere: chosen indices and per-example values, each with one call."""

import numpy as np

from prunebook.arrays.checks import choice
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


def load_scores(name, dataset, *, store=None):
    """Per-example values (N,) of the training set of `dataset`: "norm", the norms of its SimCLR features.

    Raises ValueError with what there is, if none are stored.
    """
    choice("name", name, ("norm",))
    store = store or Store()
    found = {revive(run.recipe).features.dataset: run for run in store.records("FeatureNorms")}
    run = found[choice("dataset", dataset, sorted(found) or ["nothing: no scores are stored"])]
    return store.get(revive(run.recipe), run.seed).arrays["norms"]
