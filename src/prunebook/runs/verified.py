"""Which earlier versions of the code are known to give the same numbers: `data/published/verified.jsonl`.

A line is a link: runs of `kind` that the code `old` had made were made again by the code `new`, and were equal.
"""

import json

from prunebook.runs import paths
from prunebook.runs.files import write_whole

NAME = "verified.jsonl"
KEY = ("kind", "old", "new")


def read(folder=None):
    """The links in `folder` (default: what this repository ships); a line that is damaged counts as missing."""
    folder, links = folder or paths.published_root(), []
    if folder is None or not (folder / NAME).is_file():
        return links
    for line in (folder / NAME).read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            link = json.loads(line)
            [*(link[name] for name in KEY), len(link["runs"])]
        except (ValueError, TypeError, KeyError):
            continue
        links.append(link)
    return links


def add(links, folder):
    """Write `links` beside those that are there, sorted; a link that is there already is replaced. Returns the path."""
    merged = {tuple(link[name] for name in KEY): link for link in (*read(folder), *links)}
    text = "".join(json.dumps(merged[key], sort_keys=True) + "\n" for key in sorted(merged))
    write_whole([(folder / NAME, text.encode())])
    return folder / NAME


def chain(links, kind, old, new, seen=()):
    """The links that lead from the code `old` to `new` for runs of `kind`; None if there is no such chain."""
    if old == new:
        return []
    for link in links:
        if (link["kind"], link["old"]) == (kind, old) and link["new"] not in seen:
            rest = chain(links, kind, link["new"], new, (*seen, old))
            if rest is not None:
                return [link, *rest]
    return None
