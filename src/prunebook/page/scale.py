"""Which scale a page shows, how complete it is, and the words for both."""

import dataclasses
from collections import Counter
from dataclasses import dataclass

from prunebook.page import show
from prunebook.page.style import words

AXES = {"made": "runs", "spawn": "epochs before the children part", "keep": "share kept"}  # labels in readers' words
LARGEST_FIRST = ("paper", "small")
SMOKE = "It only shows that the machinery works and is no reproduction: nothing here is evidence."


@dataclass(frozen=True)
class Shown:
    """What a page shows: `level` is smoke, partial, small or paper; `least` and `most` are replicates a point."""

    scale: str
    level: str
    stored: int
    needed: int
    least: int
    most: int
    wanted: int
    setting: str

    def replicates(self):
        """ "n = 10 a point"."""
        return f"n = {self.least} a point" if self.least == self.most else f"n = {self.least} to {self.most} a point"

    def suffix(self, count=""):
        """The words that stand at the end of each caption; `count` in place of the number of replicates."""
        partial = ", partial" if self.level == "partial" else ""
        return f"*{self.scale.capitalize()} scale{partial}; {count or self.replicates()}.*"

    def sentence(self):
        """The words that stand above the results."""
        text = f"Shown at **{self.scale}** scale: {self.setting}; {self.replicates()}."
        if self.level == "smoke":
            text += f" {SMOKE}"
        if self.level == "partial":
            text += f" *Partial*: {self.stored} of {self.needed} runs are there"
            text += f", and {self.wanted} a point are wanted." if self.wanted > self.least else "."
        return text


def resolve(asked, experiment, store):
    """The scale to show: `asked`, or for "auto" the largest whose runs the store holds completely, else smoke."""
    if asked != "auto":
        return asked
    for scale in LARGEST_FIRST:
        runs = experiment(scale)
        if runs and all(store.has(run.recipe, run.seed) for run in runs):
            return scale
    return "smoke"


def judge(scale, runs, table, enough=None):
    """The Shown of `table`, which holds the runs that are there; below `enough` replicates a point it is partial.

    `enough`: scale -> n, or scale -> {data set: n}.
    """
    needed, there = Counter(map(_point, (run.labels for run in runs))), Counter()
    columns = [name for name in (runs[0].labels if runs else ()) if name in table]
    for values in table[columns].itertuples(index=False, name=None) if columns else [()] * len(table):
        there[_point(dict(zip(columns, values, strict=True)))] += 1
    counts = [there[point] for point in needed] or [0]
    wanted = {point: _enough(enough, scale, dict(point)) for point in needed}
    short = len(table) < len(runs) or any(there[point] < wanted[point] for point in needed)
    level = "smoke" if scale == "smoke" else "partial" if short else scale
    return Shown(scale, level, len(table), len(runs), min(counts), max(counts), max(wanted.values(), default=1),
                 setting(runs))


def _point(labels):
    return tuple((name, str(value)) for name, value in sorted(labels.items()) if name != "seed")


def _enough(enough, scale, labels):
    n = (enough or {}).get(scale, 1)
    return n.get(labels.get("dataset"), 1) if isinstance(n, dict) else n


def setting(runs):
    """Data sets, networks, epochs and axes of the grid, in words."""
    recipes = list({id(run.recipe): run.recipe for run in runs}.values())
    said = [show.listing(words(v) for v in _found(recipes, "dataset", deep=True))] if recipes else ["nothing to run"]
    networks = [_network(recipe) for recipe in recipes if getattr(recipe, "model", "")]
    if networks:
        said.append(show.listing(dict.fromkeys(networks)))
    epochs = [recipe.training.epochs for recipe in recipes if getattr(recipe, "training", None)]
    if any(epochs):
        said.append(f"{show.listing(dict.fromkeys(map(str, epochs)))} epochs")
    for axis in runs[0].labels if runs else ():
        values = list(dict.fromkeys(str(words(run.labels.get(axis))) for run in runs))
        if axis not in ("seed", "dataset") and len(values) > 1:
            said.append(f"{AXES.get(axis, axis)}: {show.listing(values)}")
    return "; ".join(filter(None, said))


def _network(recipe):
    width = getattr(recipe, "width", None)
    return words(recipe.model) + (f" of width {width}" if width else "")


def _found(recipes, field, *, deep):
    """Distinct values of a field of the recipes, or of what they are made from, in order."""
    found = {}
    for recipe in recipes:
        for each in dataclasses.fields(recipe) if dataclasses.is_dataclass(recipe) else ():
            value = getattr(recipe, each.name)
            if each.name == field and isinstance(value, str):
                found[value] = None
            elif deep and dataclasses.is_dataclass(value):
                found |= dict.fromkeys(_found([value], field, deep=True))
    return list(found)
