"""A table on a page: numbered, captioned, plain enough to scroll on a phone; its numbers as CSV beside it."""

import pandas as pd

from prunebook.page import show
from prunebook.page.means import mean_interval
from prunebook.page.style import words

NAMED = ("method", "dataset", "model")  # columns whose values have names of their own


def means(table, value, *, rows, columns=None):
    """A frame of "mean ± half interval (n)" texts, a row for each combination of `rows`, a column a value of `columns`.

    What is behind it, one row a cell with mean, low, high and n, is in `.attrs["long"]` and goes into the CSV.
    """
    rows = [rows] if isinstance(rows, str) else list(rows)
    keys = rows + ([columns] if columns else [])
    if value not in table or table.empty:
        return pd.DataFrame(columns=[*rows, value])
    cells = [
        (*(key if isinstance(key, tuple) else (key,)), *mean_interval(group[value]), len(group))
        for key, group in table.groupby(keys, sort=False)
    ]
    long = pd.DataFrame(cells, columns=[*keys, "mean", "low", "high", "n"])
    long["text"] = [cell(mean, low, n) for mean, low, n in zip(long["mean"], long["low"], long["n"], strict=True)]
    if columns:
        wide = long.pivot(index=rows, columns=columns, values="text").fillna("–")
        order = pd.MultiIndex.from_frame(long[rows].drop_duplicates()) if len(rows) > 1 else long[rows[0]].unique()
        across = list(dict.fromkeys(long[columns]))
        wide = wide.reindex(order)[across if any(isinstance(name, str) for name in across) else sorted(across)]
        wide.index.names, wide.columns.name = rows, None
        wide.columns = [words(name) for name in wide.columns]
        wide = wide.reset_index()
    else:
        wide = long[[*rows, "text"]].rename(columns={"text": value})
    wide = wide.rename(columns={value: value.replace("_", " ")})
    wide.attrs["long"] = long.drop(columns="text")
    return wide


def cell(mean, low, n):
    """ "61.2 ± 1.1 (10)", with one place where a narrow table may break it; no interval where nothing varies."""
    if n < 2 or mean == low:  # one run, or one number in all of them
        return f"{show.number(float(mean))} ({n})"
    half = float(mean - low)
    decimals = 2 if abs(mean) < 10 and half < 0.5 else 1  # a correlation needs two, a percentage one
    text = f"{mean:.{decimals}f} ± {half:.{decimals}f}".replace("-", show.MINUS).replace(" ", show.UNBROKEN)
    return f"{text} ({n})"


def texts(frame):
    """Header and rows of a frame as readers see them, and for each column whether it holds numbers."""
    header, named = [str(name) for name in frame.columns], [name in NAMED for name in frame.columns]
    rows = [
        [_name(value) if known else _text(value) for value, known in zip(row, named, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    numeric = [all(_is_number(value) for value in frame[name]) for name in frame.columns]
    return header, rows, numeric


def _name(value):
    return words(value).replace("-", "\N{NON-BREAKING HYPHEN}")


def _is_number(value):
    return not isinstance(value, str) or value[:1].isdigit() or value == "–"


def _text(value):
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return show.number(value) if isinstance(value, (int, float)) else str(value)


def myst(frame, caption, label=None):
    """The frame as a numbered MyST table."""
    header, rows, numeric = texts(frame)
    lines = [_row(header), _row("--:" if right else ":--" for right in numeric), *map(_row, rows)]
    return show.directive("table", " ".join(caption.split()), {"name": label}, "\n".join(lines))


def _row(cells):
    safe = (str(text).replace("|", "\\|").replace("\n", " ") for text in cells)
    return f"| {' | '.join(safe)} |"


def fallback(frame, caption):
    """The frame as plain HTML, for JupyterLab."""
    header, rows, _ = texts(frame)
    top = "".join(f"<th>{show.inline_html(text)}</th>" for text in header)
    body = "".join(f"<tr>{''.join(f'<td>{show.inline_html(text)}</td>' for text in row)}</tr>" for row in rows)
    return (f"<table><caption>{show.inline_html(caption)}</caption><thead><tr>{top}</tr></thead>"
            f"<tbody>{body}</tbody></table>")


def write_csv(frame, path):
    """Write the numbers behind a frame, whole and unrounded; lists (indices, counts) stay in the store."""
    path.parent.mkdir(parents=True, exist_ok=True)
    long = frame.attrs.get("long", frame)
    plain = [name for name in long.columns if not long[name].map(lambda v: isinstance(v, (list, tuple, dict))).any()]
    long[plain].to_csv(path, index=False)
