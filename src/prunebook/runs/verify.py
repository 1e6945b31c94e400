"""Stored runs computed once more with today's code and compared: evidence in place of a suspicion of staleness.

What a run is made from is read from the store, so a comparison is about this kind's own step.
"""

import dataclasses
import datetime
import itertools
import math
import tempfile
from collections import defaultdict

import numpy as np

from prunebook.arrays import checks
from prunebook.recipes.grid import Run
from prunebook.runs import closure, verified
from prunebook.runs.canonical import sha256
from prunebook.runs.devices import describe_device, resolve
from prunebook.runs.engine import Engine, results
from prunebook.runs.identity import digest, kind, revive
from prunebook.runs.provenance import origin, threads
from prunebook.runs.records import StoredRun
from prunebook.runs.schedule import group_name, key
from prunebook.runs.store import Store

ROUNDING = 1e-5  # relative; what float32 sums in another order differ by
ARMS = 7  # recipes of one job whose 5040 orders are tried


@dataclasses.dataclass(frozen=True)
class Compared:
    """One run made again: `difference` is 0.0, inf where more than floats differ, else relative to the largest."""

    recipe: object
    stored: StoredRun
    new: str
    difference: float

    @property
    def verdict(self):
        """ "equal", "within rounding" or "different"."""
        return "equal" if not self.difference else "within rounding" if self.difference < ROUNDING else "different"


class Fresh(Store):
    """A store in `root` that also shows what `under` holds, for reading."""

    def __init__(self, root, under):
        super().__init__(root, published=False)
        self.under = under

    def get(self, recipe, seed):
        return self.under.get(recipe, seed) or super().get(recipe, seed)


def verify(what, *, runs=None, device="auto", store=None, progress=None):
    """Make stale stored runs again in a temporary store; returns a Compared each, [] where nothing is stale.

    `what`: a kind such as "SubsetAccuracy", or a list of (recipe, seed). Of a kind, the cheapest runs that between
    them have every value of every field are made again, or about `runs` of them, for each earlier version of the code;
    runs that were fused are fused again as they were. Where all are equal, `verified.jsonl` says so from then on.
    Missing inputs are made and stored. Raises ValueError for an unknown kind and where there is no checkout.
    """
    store, device = store or Store(), resolve(device)
    if runs is not None:
        checks.integer("runs", runs, 1)
    if store.published.folder is None:
        raise ValueError("verify: there is no checkout whose data/published could say what was found")
    wanted = None if isinstance(what, str) else {key(*pair) for pair in what}
    kinds = [kind(what).__name__] if wanted is None else sorted({name for name, _, _ in wanted})
    jobs = [job for name in kinds for groups in _stale(name, store).values()
            for job in _choose(groups.values(), runs, describe_device(device)[0], wanted)
            if all(store.has(recipe, run.seed) for recipe, run in job)]
    pairs = [(recipe, run.seed) for job in jobs for recipe, run in job]
    if not pairs:
        return []
    store.check_writable()
    results([Run(*needed) for recipe, seed in pairs for needed in recipe.needs(seed)], device=device, store=store,
            progress=progress)
    compared = []
    with tempfile.TemporaryDirectory(dir=store.root, prefix=".verify-") as folder:
        engine = Engine(Fresh(folder, store), device, math.inf, progress, {key(*pair) for pair in pairs})
        for job in jobs:
            engine.run([(recipe, run.seed) for recipe, run in job])
            for recipe, run in job:
                before, after = store.get(recipe, run.seed), Store(folder, False).get(recipe, run.seed)
                compared.append(Compared(recipe, before, closure.code(recipe), difference(before, after)))
    _record(compared, device, store.published.folder)
    return compared


def difference(before, after):
    """The largest between metrics and arrays of two stored runs, 0.0 to inf; how long something took is left out."""
    pairs = [({name: value for name, value in run.metrics.items() if not name.endswith("seconds")}, run.arrays)
             for run in (before, after)]
    if any(a.keys() != b.keys() for a, b in zip(*pairs, strict=True)):
        return math.inf
    return max((_apart(a[name], b[name]) for a, b in zip(*pairs, strict=True) for name in a), default=0.0)


def _apart(a, b):
    if not isinstance(a, np.ndarray) and repr(a) == repr(b):
        return 0.0
    a, b = _floats(a), _floats(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return math.inf
    if a.dtype.kind != "f":
        return 0.0 if np.array_equal(a, b) else math.inf
    if np.array_equal(a, b, equal_nan=True):
        return 0.0
    apart, largest = np.abs(a.astype(np.float64) - b).max(), np.abs(a).max()
    return float(apart / largest) if np.isfinite(apart) and np.isfinite(largest) and largest else math.inf


def _floats(value):
    """A metric as an array: of floats where it is one or a list of them, otherwise of Python objects."""
    if isinstance(value, np.ndarray):
        return value
    plain = all(isinstance(member, float) for member in (value if isinstance(value, list) else [value]))
    return np.array(value) if plain else np.array([repr(value)])


def _stale(name, store):
    """(old code, new code) -> group name -> (recipe, StoredRun) of all runs of one kind whose code has changed."""
    links, recipes, found = verified.read(store.published.folder), {}, defaultdict(lambda: defaultdict(list))
    for run in store.records(name):
        place = sha256(run.recipe)[:12]
        if place not in recipes:
            recipes[place] = revive(run.recipe)
        recipe, old = recipes[place], run.provenance.get("code")
        if old and digest(recipe) == place and closure.stale(run, recipe, links):  # a raised version is another run
            found[old, closure.code(recipe)][run.provenance["group"]["name"]].append((recipe, run))
    return found


def _choose(groups, runs, device, wanted):
    """Jobs, each a list of (recipe, StoredRun): those with new values of fields first; `device`'s, then cheapest."""
    def cost(job):
        said = job[0][1].provenance  # operations first: the seconds of a run that was resumed are those of its end
        return said.get("device") != device, sum(run.provenance.get("flops", 0.0) for _, run in job), said["seconds"]

    jobs = [job for group in groups for job in _as_fused(group)]
    if wanted is not None:
        return [job for job in jobs if any(key(recipe, run.seed) in wanted for recipe, run in job)]
    whole = [job for job in jobs if len(job) == job[0][1].provenance["group"]["runs"]]
    first, rest, met = [], [], set()
    for job in sorted(whole or jobs, key=cost):
        values = {pair for recipe, _ in job for pair in fields(recipe)}
        (rest if values <= met else first).append(job)
        met |= values
    ordered = first + rest if runs else first
    before = itertools.accumulate(map(len, ordered), initial=0)
    return [job for job, count in zip(ordered, before, strict=False) if runs is None or count < runs]


def _as_fused(group):
    """The job that made these runs, in the order that its name is a hash of; without all of them, each run alone."""
    arms = list(dict.fromkeys(digest(recipe) for recipe, _ in group))
    for order in itertools.permutations(arms) if len(arms) <= ARMS else ():
        ordered = sorted(group, key=lambda pair: (pair[1].seed, order.index(digest(pair[0]))))
        if group_name([(recipe, run.seed) for recipe, run in ordered]) == group[0][1].provenance["group"]["name"]:
            return [ordered]
    return [[pair] for pair in group]


def fields(value, name=""):
    """(name, value in words) of every plain field inside a recipe: ("selection.budget", "10"), …"""
    if not dataclasses.is_dataclass(value):
        yield name, repr(value)
        return
    for field in dataclasses.fields(value):
        yield from fields(getattr(value, field.name), f"{name}.{field.name}".lstrip("."))


def _record(compared, device, folder):
    """Add a link for every (kind, old code, new code) whose runs are all equal."""
    links = defaultdict(list)
    for one in compared:
        links[one.stored.kind, one.stored.provenance["code"], one.new].append(one)
    equal = {link: ones for link, ones in links.items() if not any(one.difference for one in ones)}
    said = [{
        "kind": name, "old": old, "new": new, "threads": threads(),
        "runs": sorted(f"{digest(one.recipe)}-{one.stored.seed}" for one in ones),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **{part: value for part, value in origin(ones[0].recipe, device).items()
           if part in ("device", "commit", "dirty", "versions")},
    } for (name, old, new), ones in equal.items()]
    if said:
        verified.add(said, folder)
