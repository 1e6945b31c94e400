"""The paper's printed numbers beside ours: value, ours with its 95 % interval, difference, and whether they match.

Matching a printed value and a claim holding are two answers; only the first is given here.
"""

import math

import pandas as pd

from prunebook.page import show
from prunebook.page.means import mean_interval
from prunebook.page.style import words

RESERVED = ("value", "unit", "source", "error", "note")
NONE_PRINTED = "The paper prints no number for this item, so there is none to compare with."


def read(path):
    """The printed numbers, long form: key columns, `value`, `unit`, or None where the paper prints none."""
    if not path.is_file():
        return None
    frame = pd.read_csv(path, comment="#")
    if "value" not in frame:
        raise ValueError(f"{path.name}: there is no column `value`; it has {', '.join(frame.columns)}")
    return frame


def keys(printed):
    """The columns that say which number it is."""
    return [name for name in printed.columns if name not in RESERVED]


def compare(printed, ours, value="value"):
    """One dict a printed number: keys, reported, unit, ours, low, high, n, difference and its bounds, verdict."""
    names = keys(printed)
    lacking = [name for name in [*names, value] if name not in ours]
    if lacking and not ours.empty:
        raise ValueError(f"ours: there is no column {lacking[0]!r}; printed numbers are keyed by {', '.join(names)}")
    groups = {} if ours.empty else {
        _key(key): group[value] for key, group in ours.groupby(names, sort=False, dropna=False)
    }
    return [_row(dict(zip(printed.columns, row, strict=True)), names, groups) for row in
            printed.itertuples(index=False, name=None)]


def _row(entry, names, groups):
    found = groups.get(_key(entry[name] for name in names), ())
    mean, low, high = mean_interval(found)
    reported = float(entry["value"])
    return {
        **{name: entry[name] for name in names}, "reported": reported, "unit": str(entry.get("unit", "")),
        "ours": mean, "low": low, "high": high, "n": len(found), "difference": mean - reported,
        "difference_low": low - reported, "difference_high": high - reported,
        "verdict": match(reported, low, high, len(found)),
    }


def match(reported, low, high, n):
    """Whether a printed value lies within our interval, in words."""
    if n == 0:
        return "not run"
    if not math.isfinite(low):
        return "undecided (n = 1)"
    if low <= reported <= high:
        return "within our interval"
    return "ours is lower" if high < reported else "ours is higher"


def _key(values):
    values = values if isinstance(values, tuple) else tuple(values)
    return tuple(f"{v:g}" if isinstance(v, (int, float)) else str(v) for v in values)


def frame(rows, names):
    """The comparison as readers see it; every number behind it is in `.attrs["long"]`."""
    shown = pd.DataFrame([
        {
            **{words(name): words(row[name]) for name in names},
            "paper": f"{show.number(row['reported'], 4)} {row['unit']}".strip(),
            "ours": show.with_interval(row["ours"], row["low"], row["high"]),
            "n": row["n"],
            "difference": show.with_interval(row["difference"], row["difference_low"], row["difference_high"]),
            "verdict": row["verdict"],
        }
        for row in rows
    ])
    shown.attrs["long"] = pd.DataFrame(rows)
    return shown


def not_compared(count, scale):
    """Why printed numbers are not held against ours at this scale."""
    printed, they = ("1 number", "It is") if count == 1 else (f"{count} numbers", "They are")
    return (f"The paper prints {printed} for this item. {they} not held against ours as a measurement of the same "
            f"thing, because this page shows the *{scale}* scale, where data, network or training are smaller.")
