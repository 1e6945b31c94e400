"""Scores of all training examples, averaged over networks: found in the store, computed where missing, written out."""

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np

from prunebook.arrays.checks import choice, integer
from prunebook.recipes import diet
from prunebook.recipes.cost import SHAPES
from prunebook.recipes.grid import Run
from prunebook.runs.identity import describe
from prunebook.runs.store import Store

SCALES = ("paper", "small", "smoke")  # the largest first: what is looked for in this order
EPOCHS = {"el2n": 20, "grand": 0, "forgetting": 200, "input_norm": 0}  # where the paper takes each score
EPOCHS |= {f"label_free_{kind}": 0 for kind in (1, 2, 3)}
NAMES = tuple(EPOCHS)
PAPER_EPOCHS = tuple(diet.EPOCHS["paper"])


def runs_of(name, dataset, *, scale, epoch=None, networks=0, model=""):
    """The runs, a network each, whose scores are averaged. ValueError for what there is not.

    `epoch`: the paper's epoch 0, 10, 20 or 200, None for where the paper takes the score; at a smaller scale 200
    stands for the last one. `networks`: 0 for all of the scale.
    """
    epoch = EPOCHS[choice("name", name, NAMES)] if epoch is None else epoch
    choice("scale", scale, SCALES)
    choice("dataset", dataset, tuple(SHAPES))
    choice("epoch", epoch, tuple(diet.EPOCHS[scale]))
    if model:
        from prunebook import models

        choice("model", model, models.NAMES)
    pool = diet.averaged(scale, name, epoch, dataset=dataset, model=model)
    members = pool.members(0)[: integer("networks", networks, 0, len(pool.members(0))) or None]
    return [Run(pool.scores, member, {"network": member}) for member in members]


def stored(name, dataset, *, scale="", store=None, **options):
    """The runs of the largest scale (or of `scale`) that are all stored, and that scale; ([], "") if none are."""
    store = store or Store()
    for candidate in [scale] if scale else SCALES:
        runs = runs_of(name, dataset, scale=candidate, **options)
        if all(store.has(run.recipe, run.seed) for run in runs):
            return runs, candidate
    return [], ""


def average(runs, store=None):
    """Mean scores (N,) float64 of stored runs; infinite where one network never learned the example."""
    store = store or Store()
    return np.mean([store.get(run.recipe, run.seed).arrays["scores"].astype(np.float64) for run in runs], axis=0)


def details(runs, scale, store=None):
    """What the average stands on: recipe, scale, networks, their test accuracy, and how they were computed."""
    store = store or Store()
    recipe = runs[0].recipe
    found = [store.get(run.recipe, run.seed) for run in runs]
    return {
        "score": recipe.kind, "dataset": recipe.trajectory.dataset, "scale": scale, "epoch": recipe.epoch,
        "networks": [run.seed for run in runs],
        "test_accuracy": [run.metrics.get("test_accuracy") for run in found],
        "recipe": describe(recipe),
        "provenance": [{k: v for k, v in run.provenance.items() if k != "group"} for run in found],
    }


def checked(path):
    """`path` as a Path; ValueError unless it ends in .npy and is no folder."""
    path = Path(path)
    if path.suffix != ".npy" or path.is_dir():
        raise ValueError(f"path: {str(path)!r} is not valid; it must be a file that ends in .npy")
    return path


def write(path, scores, about):
    """Write scores (N,) to `path` (.npy) and what they stand on, with the file's SHA-256, to `path`.json.

    Both are written under a temporary name and renamed. ValueError for another suffix, OSError where it cannot be.
    """
    path = checked(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.save(buffer, scores, allow_pickle=False)
    checksum = hashlib.sha256(buffer.getvalue()).hexdigest()
    about = {"file": path.name, "sha256": checksum, "examples": len(scores), **about}
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    for target, content in ((path, buffer.getvalue()), (path.with_name(path.name + ".json"), text.encode())):
        partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        os.replace(partial, target)
    return about
