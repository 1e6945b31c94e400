"""The reproduction matrix of the landing page: every item of every paper, with or without a page."""

import json
import os
from collections import Counter
from pathlib import Path

from prunebook.page import manifest
from prunebook.runs import paths

NO_PAGE = "no page"
HEADINGS = ("item", "claims", "level", "runs", "what it shows")  # a phone shows the first ones


def sidecar(item):
    """What the page of `item` wrote about itself when it last ran, as a dict; None where it has not run."""
    path = executed(item).with_suffix(".json")
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def executed(item):
    """Path of the executed notebook of `item`: below PRUNEBOOK_EXECUTED, by default book/executed."""
    folder = os.environ.get("PRUNEBOOK_EXECUTED") or paths.root() / "book" / "executed"
    return Path(folder) / item.paper / f"{item.id}.ipynb"


def source(item):
    """Path of the notebook of `item`, or None where the manifest names none or it is not written yet."""
    path = paths.root() / item.notebook if item.notebook else None
    return path if path and path.is_file() else None


def rows():
    """One dict for each item, in order; `link` is the page's path from the book's root, or None."""
    return [_row(item) for item in manifest.items()]


def write():
    """Write book/executed/matrix.md, the matrix as MyST tables grouped by paper; returns its path."""
    by_name = {row["name"]: row for row in rows()}
    parts = [_summary(by_name.values())]
    for paper in manifest.papers().values():
        parts.append(_table(paper, [by_name[item.name] for item in paper.items]))
    target = paths.root() / "book" / "executed" / "matrix.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n\n".join(parts) + "\n", "utf-8")
    return target


def _row(item):
    has_page = source(item) is not None
    written = (sidecar(item) if has_page else None) or {}
    stored, needed = written.get("runs_stored", 0), written.get("runs_needed", 0)
    return {
        "name": item.name,
        "item": item.title,
        "shows": item.shows,
        "level": written.get("level", "not run" if has_page else NO_PAGE),
        "scale": written.get("scale") or "–",
        "runs": f"{stored} of {needed}" if needed else "–",
        "verdicts": _count(item, written.get("verdicts")),
        "link": f"/book/executed/{item.paper}/{item.id}.ipynb" if has_page else None,
    }


def _count(item, verdicts):
    """The paper's claims by verdict, such as "2 holds, 1 undecided", then those of our own; "–" without claims."""
    sources = {claim.id: claim.source for claim in item.claims}
    if not verdicts:
        return f"{len(sources)} to test" if sources else "–"
    said = []
    for source, prefix in (("paper", ""), ("ours", "ours: ")):
        words = Counter(word for claim, word in verdicts.items() if sources.get(claim) == source)
        said += [prefix + ", ".join(f"{count} {word}" for word, count in words.most_common())] if words else []
    return "<br>".join(said) or "–"


def _summary(every):
    every = list(every)
    levels = Counter(row["level"] for row in every)
    pages = len(every) - levels[NO_PAGE]
    return f"{pages} of {len(every)} items have a page; those without one are marked *{NO_PAGE}*."


def _table(paper, entries):
    lines = [
        f":::{{list-table}} {paper.title}",
        f":name: matrix-{paper.id}",
        ":class: matrix",
        ":header-rows: 1",
        ":widths: 25 19 12 11 33",
        "",
    ]
    lines += cells(HEADINGS)
    for row in entries:
        title = f"[{row['item']}]({row['link']})" if row["link"] else row["item"]
        name = f"{title}<br>`{row['name']}`"
        level = {NO_PAGE: f"*{NO_PAGE}*", "partial": f"partial ({row['scale']})"}.get(row["level"], row["level"])
        lines += cells((name, row["verdicts"], level, row["runs"], row["shows"]))
    return "\n".join([*lines, ":::"])


def cells(values):
    """The lines of one row of a MyST list-table."""
    return [f"{'* -' if place == 0 else '  -'} {value}" for place, value in enumerate(values)]
