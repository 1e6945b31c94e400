"""What would run, how long that takes and how this is known; nothing is run."""

from collections import Counter
from dataclasses import dataclass

from prunebook.runs.devices import describe_device, resolve
from prunebook.runs.estimates import KNOWN, Estimates
from prunebook.runs.schedule import key, missing
from prunebook.runs.store import Store

WORDS = {
    "recorded": "recorded times of the same recipe",
    "scaled": "recorded times of the same kind, scaled by operations",
    "counted": "counted operations at a typical rate",
    "unknown": "not known",
}


@dataclass(frozen=True)
class Entry:
    """One missing run: its estimated seconds, and how they are known."""

    recipe: object
    seed: int
    seconds: float
    how: str


@dataclass(frozen=True)
class Line:
    """One kind of recipe: runs stored and missing, seconds of the missing ones, the weakest way they are known."""

    kind: str
    stored: int
    missing: int
    seconds: float
    how: str


@dataclass(frozen=True)
class Plan:
    """`stored` of the runs asked for are there; `missing`, with ingredients, would take `seconds` on `device`."""

    stored: int
    missing: int
    seconds: float
    how: str
    device: str
    lines: tuple
    entries: tuple

    def text(self):
        """The plan as a table in plain text."""
        if not self.missing:
            return f"Nothing is missing: {self.stored} runs are stored."
        rows = [("kind", "stored", "missing", "time", "known from")]
        rows += [(line.kind, str(line.stored), str(line.missing),
                  "?" if line.how == "unknown" else duration(line.seconds), WORDS.get(line.how, ""))
                 for line in self.lines]
        rows.append(("total", str(self.stored), str(self.missing), duration(self.seconds), f"on {self.device}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(
            cell.rjust(width) if place in (1, 2, 3) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip() for row in rows)


def plan(runs, store=None, *, device="auto"):
    """The Plan of making `runs` complete, what they are made from included."""
    store, device = store or Store(), resolve(device)
    there = {}

    def has(recipe, seed):
        there[key(recipe, seed)] = store.has(recipe, seed)
        return there[key(recipe, seed)]

    wanted = missing(runs, has)
    name, cores = describe_device(device)
    estimates = Estimates(store, name, cores)
    entries = tuple(Entry(recipe, seed, *estimates.seconds(recipe)) for recipe, seed in wanted)
    stored = Counter(kind for (kind, _, _), sound in there.items() if sound)
    kinds = sorted({*stored, *(type(entry.recipe).__name__ for entry in entries)})
    return Plan(
        stored=sum(there[one] for one in {key(run.recipe, run.seed) for run in runs}), missing=len(entries),
        seconds=sum(entry.seconds for entry in entries), how=_weakest(entries), device=name,
        lines=tuple(_line(kind, stored[kind], entries) for kind in kinds), entries=entries,
    )


def _line(kind, stored, entries):
    own = [entry for entry in entries if type(entry.recipe).__name__ == kind]
    return Line(kind, stored, len(own), sum(entry.seconds for entry in own), _weakest(own))


def _weakest(entries):
    return max((entry.how for entry in entries), key=KNOWN.index, default="")


def duration(seconds):
    """Seconds in the unit people would use: "0.4 s", "12 min", "3.1 h"."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
