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
        if recipe.order == 2 and recipe.randomize:
            found[recipe.features.dataset, recipe.method, recipe.budget, run.seed] = run
    wanted = {"dataset": dataset, "method": method, "budget": budget, "seed": seed}
    for place, (argument, value) in enumerate(wanted.items()):
        valid = sorted({key[place] for key in found}) or ["nothing: no selection is stored"]
        choice(argument, value, valid)
        found = {key: run for key, run in found.items() if key[place] == value}
    return np.array(found[tuple(wanted.values())].metrics["indices"], dtype=np.int64)


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
        for argument, value, none in (("epoch", epoch, None), ("scale", scale, "")):
            if value != none:
                raise ValueError(f"{argument}: {value!r} is not valid; norms of features have none, leave it out")
        found = {revive(run.recipe).features.dataset: run for run in store.records("FeatureNorms")}
        run = found[choice("dataset", dataset, sorted(found) or ["nothing: no scores are stored"])]
        values = store.get(revive(run.recipe), run.seed).arrays["norms"]
        return (values, {"score": "norm", "recipe": run.recipe, "provenance": [run.provenance]}) if details else values
    runs, found = score_files.stored(name, dataset, scale=scale, epoch=epoch, store=store)
    if not runs:
        raise ValueError(_lacking(name, dataset, epoch, scale, store))
    values = score_files.average(runs, store)
    return (values, score_files.details(runs, found, store)) if details else values


def _lacking(name, dataset, epoch, scale, store):
    """Which argument asks for scores that are not stored, and what there is."""
    def there(dataset, **options):
        return score_files.stored(name, dataset, store=store, **options)[0]

    if scale and there(dataset, epoch=epoch):
        argument, have = "scale", [one for one in score_files.SCALES if there(dataset, epoch=epoch, scale=one)]
    elif epoch is not None and there(dataset):
        argument, have = "epoch", [one for one in score_files.PAPER_EPOCHS if there(dataset, epoch=one)]
    else:
        argument, have = "dataset", [one for one in SHAPES if there(one)]
    value = {"scale": scale, "epoch": epoch, "dataset": dataset}[argument]
    return (f"{argument}: no scores {name!r} are stored for {value!r}; there are those for "
            f"{', '.join(map(repr, have)) or 'nothing'}, and `prunebook scores` computes others")
