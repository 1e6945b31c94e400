"""Where a page's numbers come from: the runs behind it, their code and machines, and whether the page is still true."""

import datetime
import hashlib
from collections import Counter

from prunebook.page import notebook, show
from prunebook.runs import closure, verified
from prunebook.runs.plan import duration
from prunebook.runs.provenance import commit, versions
from prunebook.runs.schedule import key, with_ingredients


def stored(runs, store):
    """(recipe, StoredRun) of `runs` and of what they are made from, as far as the store holds them."""
    found = ((recipe, store.get(recipe, seed)) for recipe, seed in with_ingredients(runs))
    return [(recipe, run) for recipe, run in found if run is not None]


def facts(found):
    """What the records say together: runs, seconds, commits, code digests, versions, devices, first and last date."""
    said = [run.provenance for _, run in found]
    dates = sorted(entry["date"] for entry in said if entry.get("date"))
    packages = sorted({name for entry in said for name in entry.get("versions", {})})
    return {
        "runs": len(said),
        "published": sum(run.published for _, run in found),
        "seconds": sum(entry.get("seconds") or 0.0 for entry in said),
        "devices": _distinct(entry.get("device") for entry in said),
        "precisions": _distinct(entry.get("precision") for entry in said),
        "commits": _distinct(_commit(entry) for entry in said),
        "code": _distinct(entry.get("code") for entry in said),
        "versions": {name: _distinct(entry.get("versions", {}).get(name) for entry in said) for name in packages},
        "dates": [dates[0], dates[-1]] if dates else [],
        "verified": _verified(found),
    }


def _verified(found):
    """How many runs earlier code made that today's is known to agree with, and how many were made again to know it."""
    known = verified.read()
    chains = [verified.chain(known, type(recipe).__name__, run.provenance.get("code"), closure.code(recipe))
              for recipe, run in found]
    links = {tuple(link[name] for name in verified.KEY): len(link["runs"]) for chain in chains for link in chain or ()}
    return {"runs": sum(map(bool, chains)), "again": sum(links.values())}


def _distinct(values):
    return [value for value, _ in Counter(value for value in values if value).most_common()]


def _commit(entry):
    return f"{entry['commit'][:10]}{'+' if entry.get('dirty') else ''}" if entry.get("commit") else None


def stale(found):
    """Why the stored runs may no longer say what today's code and environment would: a sentence each; none is good."""
    sentences, known = [], verified.read()
    changed = Counter(type(recipe).__name__ for recipe, run in found if closure.stale(run, recipe, known))
    if changed:
        kinds = show.listing(f"{kind} ({count})" for kind, count in changed.items())
        sentences.append(f"The code has changed since {sum(changed.values())} of {len(found)} runs were made: {kinds}.")
    here = versions()
    for name, seen in facts(found)["versions"].items():
        others = [version for version in seen if _release(version) != _release(here.get(name, version))]
        if others and name != "prunebook":
            sentences.append(f"Runs were made with {name} {show.listing(others)}; here it is {here[name]}.")
    return sentences


def _release(version):
    # "2.11.0+cu126" and "2.11.0+cpu" are one release.
    return version.partition("+")[0]


def fingerprint(item, values, scale, found):
    """What a page depends on, as digests: its cells, parameters, the code of its recipes, its runs, the environment.

    `found`: what `stored` says of its runs.
    """
    cells = [cell.source for cell in notebook.code_cells(item)]
    return {
        "cells": _digest(cells),
        "parameters": _digest([sorted((name, repr(value)) for name, value in values.items()), scale]),
        "code": _digest(sorted({closure.code(recipe) for recipe, _ in found})),
        "runs": _digest(sorted((*key(recipe, run.seed), run.checksum) for recipe, run in found)),
        "environment": _digest(sorted((name, _release(version)) for name, version in versions().items())),
    }


def changed(item, sidecar, store=None):
    """What has changed since the page of `item` wrote its sidecar: of cells, parameters, code, runs, environment."""
    from prunebook.runs.store import Store

    written = sidecar.get("fingerprint") or {}
    values, scale = sidecar.get("parameters", {}), sidecar.get("scale") or ""
    runs = notebook.experiment_of(item, values)(scale) if scale else []
    today = fingerprint(item, values, scale, stored(runs, store or Store()))
    return [part for part, digest in today.items() if written.get(part) != digest]


def _digest(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def environment():
    """The versions that draw the page, and the commit it stands on."""
    import matplotlib
    import numpy
    import pandas

    drawn_with = {module.__name__: module.__version__ for module in (numpy, pandas, matplotlib)}
    return {**versions(), **drawn_with, "commit": _commit(commit()) or "unknown"}


def text(said, *, scale, command, seconds):
    """Provenance as a list in Markdown."""
    lines = [f"- This page: `{command}`, drawn in {duration(seconds)} on {today()}; "
             + ", ".join(f"{name} {version}" for name, version in environment().items()) + "."]
    if said["runs"]:
        shipped = f", {said['published']} of them published with this repository" if said["published"] else ""
        lines += [
            f"- Runs: {said['runs']}{shipped}, at *{scale}* scale, with what they are made from as far as it is "
            f"stored; {duration(said['seconds'])} of computing for these.",
            f"- Made on {show.listing(said['devices'])}, in {show.listing(said['precisions'])}, "
            f"{_span(said['dates'])}.",
            f"- Code: commit {show.listing(said['commits']) if said['commits'] else 'unknown'} "
            f"(+ marks uncommitted changes), digest {show.listing(said['code'])}; with "
            + ", ".join(f"{name} {show.listing(seen)}" for name, seen in said["versions"].items()) + ".",
        ]
        earlier = said["verified"]
        if earlier["runs"]:
            lines.append(f"- {earlier['runs']} of the runs were made by an earlier version of the code; "
                         f"{earlier['again']} runs of their kinds, made again with later code, gave equal numbers.")
    return "\n".join(lines)


def _span(dates):
    days = list(dict.fromkeys(date[:10] for date in dates))
    return f"on {days[0]}" if len(days) == 1 else f"from {days[0]} to {days[-1]}" if days else "at an unknown date"


def today():
    return datetime.date.today().isoformat()
