"""The table of contents (_toc.yml): the prose, then each paper with those of its items that have a page."""

import yaml

from prunebook.page import manifest, matrix
from prunebook.runs import paths

GUIDE = ("findings", "how-to-rerun", "how-claims-are-judged", "notation", "how-to-cite")


def contents():
    """The table of contents as jupyter-book's dict; an entry never lacks its file."""
    parts = [{"caption": "Guide", "chapters": [{"file": f"book/{name}"} for name in GUIDE]}]
    chapters = []
    for paper in manifest.papers().values():
        if (paths.root() / "book" / f"{paper.id}.md").is_file():
            pages = [item for item in paper.items if matrix.source(item)]
            sections = [{"file": f"book/executed/{item.paper}/{item.id}"} for item in pages]
            chapters.append({"file": f"book/{paper.id}"} | ({"sections": sections} if sections else {}))
    return {"format": "jb-book", "root": "book/index", "parts": [*parts, {"caption": "Papers", "chapters": chapters}]}


def files():
    """Every page of the book, as paths without suffix, in order."""
    found = []

    def walk(node):
        if isinstance(node, dict):
            found.extend(node[key] for key in ("root", "file") if key in node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(contents())
    return found


def write():
    """Bring _toc.yml up to date; returns whether it had to change."""
    path = paths.root() / "_toc.yml"
    header = "# Written by `prunebook build` from data/papers and the notebooks there are.\n"
    text = header + yaml.safe_dump(contents(), sort_keys=False)
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.write_text(text, "utf-8")
    return True
