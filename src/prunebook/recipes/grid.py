"""Grids of runs: the cartesian product of named axes, one run for each point and seed."""

import itertools
from dataclasses import dataclass, field

from prunebook.arrays import checks
from prunebook.recipes.base import Recipe


@dataclass(frozen=True)
class Run:
    """One replicate of a recipe; `labels` become the first columns of the results table."""

    recipe: Recipe
    seed: int
    labels: dict = field(default_factory=dict)


def grid(make, **axes):
    """The runs `make(**point)` for every point of the axes' product, in the order given, the last axis fastest.

    The axis `seed` (default: seed 0 alone) numbers the replicates: it is a label, but `make` does not receive it.
    """
    values = {name: _values(name, axis) for name, axis in {**axes, "seed": axes.get("seed", (0,))}.items()}
    for seed in values["seed"]:
        checks.integer("seed", seed, 0)
    recipes = {}  # one object for all seeds of a point, so that its identity is worked out once
    runs = []
    for places in itertools.product(*(range(len(axis)) for axis in values.values())):
        labels = {name: axis[place] for (name, axis), place in zip(values.items(), places, strict=True)}
        point = tuple(place for name, place in zip(values, places, strict=True) if name != "seed")
        if point not in recipes:
            recipes[point] = make(**{name: value for name, value in labels.items() if name != "seed"})
        runs.append(Run(recipes[point], int(labels["seed"]), labels))
    return runs


def _values(name, axis):
    if isinstance(axis, (str, bytes)):
        raise ValueError(f"{name}: the axis is the string {axis!r}; it must be a list of values, such as [{axis!r}]")
    try:
        listed = list(axis)
    except TypeError:
        raise ValueError(f"{name}: {axis!r} is not a list of values; write [{axis!r}] for one value") from None
    if not listed:
        raise ValueError(f"{name}: the axis is empty; it must have at least one value")
    return listed
