"""What was found, claim by claim over the whole book: the answer to "does it hold?" on two generated pages."""

import math
from collections import Counter

from prunebook.page import manifest, matrix, show
from prunebook.page.verdicts import FAILS, HOLDS, LEVEL, NOT_RUN, VERDICTS, benjamini_hochberg
from prunebook.runs import paths

LOST = "†"  # marks a verdict that stands on its page and not over the book


def claims():
    """One dict for each claim of the manifest, in order: `text`, `source`, `verdict`, and for those that were run what
    the page's sidecar says of it with `book_p`, adjusted over all claims of the book (Benjamini and Hochberg)."""
    found = []
    for item in manifest.items():
        written = (matrix.sidecar(item) if matrix.source(item) else None) or {}
        numbers = {entry["claim"]: entry for entry in written.get("numbers", ())}
        for claim in item.claims:
            found.append({
                "verdict": NOT_RUN, "p": None, **numbers.get(claim.id, {}), "item": item, "text": claim.text,
                "source": claim.source, "level": written.get("level", ""),
            })
    adjusted = benjamini_hochberg([math.nan if entry["p"] is None else entry["p"] for entry in found])
    return [entry | {"book_p": float(p)} for entry, p in zip(found, adjusted, strict=True)]


def write():
    """Write book/executed/summary.md and findings.md, both for prose to include; returns their paths."""
    folder, found = paths.root() / "book" / "executed", claims()
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"summary": summary(found), "findings": "\n\n".join(_findings(found))}
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text + "\n", "utf-8")
    return [folder / f"{name}.md" for name in texts]


def summary(found):
    """How many claims of each paper hold, do not hold, …, as a MyST table; claims of our own are not counted."""
    lines = ["| paper | " + " | ".join(VERDICTS) + " |", "|:--|" + "--:|" * len(VERDICTS)]
    for paper in manifest.papers().values():
        words = Counter(entry["verdict"] for entry in found
                        if entry["item"].paper == paper.id and entry["source"] == "paper")
        if words:
            counts = (str(words[word] or "–") for word in VERDICTS)
            lines.append(f"| [{paper.title}](/book/{paper.id}.md) | {' | '.join(counts)} |")
    return "\n".join(lines)


def _findings(found):
    run = [entry for entry in found if entry["verdict"] != NOT_RUN]
    decided = [entry for entry in run if entry["verdict"] in (HOLDS, FAILS)]
    lost = sum(map(_lost, decided))
    yield (f"Of {len(found)} claims {len(run)} were tested and {len(decided)} decided. {lost} of these decisions, "
           f"marked {LOST}, would not stand if all tests of the book were one family: there p, adjusted by "
           "Benjamini and Hochberg's method, is 5 % or more.")
    for paper in manifest.papers().values():
        its = [entry for entry in run if entry["item"].paper == paper.id]
        for source, heading in (("paper", paper.title), ("ours", f"{paper.title}: our own claims")):
            rows = [entry for entry in its if entry["source"] == source]
            if rows:
                yield _table(heading, f"findings-{paper.id}-{source}", rows)
    untested = Counter(entry["item"].paper for entry in found if entry["verdict"] == NOT_RUN)
    said = show.listing(f"{count} in {paper}" for paper, count in untested.items())
    yield f"Not tested so far: {said or 'none'}."


def _table(title, name, rows):
    lines = [f":::{{list-table}} {title}", f":name: {name}", ":header-rows: 1", ":widths: 42 16 26 6 10", ""]
    lines += matrix.cells(("claim", "verdict", "effect", "n", "p"))
    for entry in rows:
        item = entry["item"]
        effect = [math.nan if entry[part] is None else entry[part] for part in ("effect", "low", "high")]
        lines += matrix.cells((
            f"{entry['text']}<br>[{item.title}](/book/executed/{item.paper}/{item.id}.ipynb), {entry['level']}",
            f"**{entry['verdict']}**{f' {LOST}' if _lost(entry) else ''}",
            show.with_interval(*effect, entry["unit"]), str(entry["n"]), show.p_value(entry["book_p"]),
        ))
    return "\n".join([*lines, ":::"])


def _lost(entry):
    return entry["verdict"] in (HOLDS, FAILS) and not entry["book_p"] < LEVEL
