"""The end of a page: deviations, provenance, staleness, downloads, and the sidecar that the matrix reads."""

import datetime
import json
import math
import os
import time

from prunebook.page import card, notebook, provenance, show, tables
from prunebook.page.verdicts import plain

DEVIATIONS = "Where this page deviates from the paper or from its authors' code."


def close(page):
    """Show and write all that a page says about itself; `page` is a session.Page."""
    seconds = time.perf_counter() - page.began
    if page.item.deviations:
        frame = card.deviations(page.item)
        label = f"tab-{page.item.paper}-{page.item.id}-deviations"
        show.show(tables.myst(frame, DEVIATIONS, label), tables.fallback(frame, DEVIATIONS))
    found = page.found
    stale = provenance.stale(found)
    if stale:
        show.show(*show.admonition("warning", "This page is stale", " ".join(stale)))
    command = card.rerun(page.item.name, page.values, notebook.declared(page.item.name))
    said = provenance.facts(found)
    text = provenance.text(said, scale=page.scale, command=command, seconds=seconds)
    _downloads(page)
    show.show(f"**Provenance**\n\n{text}\n\n**Downloads**: {_links(page)}.", _fallback(page, text))
    write_sidecar(page, said, stale, seconds)


def _downloads(page):
    if page.runs:
        tables.write_csv(page.table_of_runs, page.folder / "runs.csv")
        page.downloads["all runs (CSV)"] = "runs.csv"


def _links(page):
    links = [f"{{download}}`this notebook, executed <{page.item.id}.ipynb>`"]
    links += [f"{{download}}`{words} <{page.item.id}/{file}>`" for words, file in page.downloads.items()]
    return ", ".join(links)


def _fallback(page, text):
    files = ", ".join(f"<code>{file}</code>" for file in page.downloads.values()) or "none"
    lines = "".join(f"<li>{show.inline_html(line.removeprefix('- '))}</li>" for line in text.splitlines())
    return f"<p><b>Provenance</b></p><ul>{lines}</ul><p><b>Downloads</b> in {page.folder.name}/: {files}</p>"


def write_sidecar(page, said, stale, seconds):
    """Write `<paper>/<item>.json` beside the executed notebook, whole or not at all; returns its path."""
    rows = page.claims.rows(page.scale)
    content = {
        "item": page.item.name,
        "page": page.item.notebook,
        "scale": page.scale,
        "level": page.level,
        "shown": page.shown.sentence() if page.shown else "",
        "runs_stored": page.shown.stored if page.shown else 0,
        "runs_needed": page.shown.needed if page.shown else 0,
        "verdicts": {row["claim"]: row["verdict"] for row in rows},
        "numbers": [plain(row) for row in rows],
        "reported": page.matches,
        "parameters": page.values,
        "provenance": said,
        "stale": stale,
        "fingerprint": provenance.fingerprint(page.item.name, page.values, page.scale, page.found),
        "seconds": round(seconds, 2),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    path = page.folder.with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(f".json.{os.getpid()}")
    whole.write_text(json.dumps(_plain(content), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(whole, path)
    return path


def _plain(value):
    """`value` for JSON: NumPy scalars as Python's, what is not finite as null."""
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
