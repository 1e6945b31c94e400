"""The header card of a page, and what stands at its end: deviations and the command that runs it again."""

import html
import json

import pandas as pd

from prunebook.page import manifest, show

SCALES = ("smoke", "small", "paper")


def header(item, values, declared):
    """The card (MyST, HTML): paper, what the item shows and the paper reports, cost at each scale, command."""
    facts = [("Paper", f"{citation(manifest.papers()[item.paper])}; {item.section}" if item.section else
              citation(manifest.papers()[item.paper])), ("Shows", item.shows)]
    facts += [("The paper reports", item.reports)] if item.reports else []
    facts += [(f"Cost at *{scale}*", item.cost[scale]) for scale in SCALES if item.cost.get(scale)]
    facts += [("Not here", item.needs)] if item.needs else []
    command = rerun(item.name, values, declared)
    rows = "\n".join(f"* - **{name}**\n  - {' '.join(text.split())}" for name, text in facts)
    body = f"{show.directive('list-table', '', {'widths': '20 80'}, rows)}\n\n```bash\n{command}\n```"
    listed = "".join(f"<li><b>{show.inline_html(name)}</b>: {show.inline_html(text)}</li>" for name, text in facts)
    fallback = f"<ul>{listed}</ul><pre>{html.escape(command)}</pre>"
    return show.directive("card", "", {"class-card": "page-header"}, body), fallback


def citation(paper):
    """ "Bar and Giryes (2024), *Effective Subset Selection …*"; a paper of our own by its title."""
    surnames = [author.split()[-1] for author in paper.authors]
    if not surnames or not paper.year:
        return f"*{paper.title}*"
    who = show.listing(surnames) if len(surnames) < 4 else f"{surnames[0]} and others"
    return f"{who} ({paper.year}), *{paper.title}*"


def rerun(name, values, declared):
    """The command that runs this page as it was run: `prunebook run`, with all that differs from the defaults."""
    words = ["prunebook run", name]
    for parameter, value in values.items():
        if value == declared[parameter].default:
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        text = f"'{text}'" if set(text) & set(' "[]{}*') else text
        words.append(f"--{parameter} {text}" if parameter in ("scale", "device") else f"-p {parameter} {text}")
    return " ".join(words)


def deviations(item):
    """A frame: what the paper says, what its authors' code does, what this page does, and why."""
    rows = [(d.paper, d.code, d.here, d.why) for d in item.deviations]
    return pd.DataFrame(rows, columns=["The paper", "Its authors' code", "This page", "Why"])
