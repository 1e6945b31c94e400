"""The manifest: every paper, every item of it, what it claims and where our pages deviate (data/papers/*.yml)."""

import functools
from dataclasses import dataclass

import yaml

from prunebook.arrays.checks import nearest
from prunebook.runs import paths

ORDER = ("norms", "prunefuse", "drophot", "datadiet", "hypersparse", "beyond")


@dataclass(frozen=True)
class Claim:
    """One statement that a page tests; `source` is "paper" or "ours"."""

    id: str
    text: str
    source: str


@dataclass(frozen=True)
class Deviation:
    """What the paper says, what its authors' code does, what we do, and why."""

    paper: str
    code: str
    here: str
    why: str


@dataclass(frozen=True)
class Item:
    """One figure, table or question of a paper; `notebook` is its source below the project root, or None."""

    paper: str
    id: str
    title: str
    shows: str
    reports: str
    section: str
    notebook: str | None
    claims: tuple[Claim, ...]
    deviations: tuple[Deviation, ...]
    cost: dict[str, str]
    needs: str

    @property
    def name(self):
        """The name used in commands and links, such as "norms/fig2"."""
        return f"{self.paper}/{self.id}"


@dataclass(frozen=True)
class Paper:
    """One paper with its items in their order; `document` says which part of it was used."""

    id: str
    title: str
    authors: tuple[str, ...]
    year: int | None
    venue: str
    cite: str
    document: str
    about: str
    items: tuple[Item, ...]


def papers():
    """Every paper by its short name, in the order of the book; "beyond" holds the pages of our own."""
    return _read(paths.root())


def items():
    """Every item of every paper, in order."""
    return [item for paper in papers().values() for item in paper.items]


def item(name):
    """The item called `name`, such as "norms/fig2"; a ValueError names the nearest one."""
    known = {entry.name: entry for entry in items()}
    if name not in known:
        raise ValueError(f"item: {name!r} is unknown{nearest(name, known)}; `prunebook list` shows all {len(known)}")
    return known[name]


@functools.cache
def _read(root):
    return {name: _paper(yaml.safe_load((root / f"data/papers/{name}.yml").read_text("utf-8"))) for name in ORDER}


def _paper(entry):
    return Paper(
        id=entry["id"],
        title=entry["title"],
        authors=tuple(entry["authors"]),
        year=entry.get("year"),
        venue=entry.get("venue", ""),
        cite=entry.get("cite", ""),
        document=entry["document"],
        about=entry["about"],
        items=tuple(_item(entry["id"], each) for each in entry["items"]),
    )


def _item(paper, entry):
    return Item(
        paper=paper,
        id=entry["id"],
        title=entry["title"],
        shows=entry["shows"],
        reports=entry.get("reports", ""),
        section=entry.get("section", ""),
        notebook=f"notebooks/{paper}/{entry['id']}.py" if entry.get("notebook") else None,
        claims=tuple(Claim(**claim) for claim in entry["claims"]),
        deviations=tuple(Deviation(**deviation) for deviation in entry.get("deviations", ())),
        cost=dict(entry.get("cost", {})),
        needs=entry.get("needs", ""),
    )
