"""Lines as Data Diet draws them: the mean of the runs, and their 16th to 84th percentile as a band (B.3).

The band shows how much single runs vary. It is no interval for the mean, which is what tables and claims have.
"""

import numpy as np

from prunebook.page.drawing import BAND, levels, n_text, set_ticks
from prunebook.page.style import appearance, words

PERCENTILES = 16, 84


def spread(values):
    """Mean, 16th and 84th percentile of runs (n,); the percentiles are NaN below two."""
    values = np.asarray(values, dtype=np.float64)
    low, high = np.percentile(values, PERCENTILES) if values.size > 1 else (np.nan, np.nan)
    return float(values.mean()), float(low), float(high)


def percentile_lines(style, table, *, x, y, hue, column=None, across=None, labels=None):
    """Means over seeds with percentiles, a line a `hue`, a panel a value of `column`; a Figure of `style`.

    `across`: a table of runs that have no `x`, such as a random share; each `hue` in it is a line from side to side.
    """
    labels, panels = labels or {}, levels(table, column) or [None]
    if y not in table or table.empty:
        return style.nothing()
    figure, axes = style.figure(len(panels))
    hues = levels(table, hue)
    for ax, panel in zip(axes, panels, strict=True):
        part, beside = (frame if panel is None or frame is None else frame[frame[column] == panel]
                        for frame in (table, across))
        counts = set()
        for place, value in enumerate(hues):
            groups = part[part[hue] == value].groupby(x)[y]
            points = [(at, *spread(group), len(group)) for at, group in groups]
            counts |= {n for *_, n in points}
            style.line(ax, points, appearance(hue, value, place), place - (len(hues) - 1) / 2, part[x].nunique())
        if beside is not None:
            for place, (value, group) in enumerate(beside.groupby(hue, sort=False)[y], len(hues)):
                _across(ax, *spread(group), appearance(hue, value, place))
                counts.add(len(group))
        ax.set(title=" · ".join(filter(None, [words(panel) if panel is not None else "", n_text(counts)])),
               xlabel=labels.get(x, x), ylabel=labels.get(y, y))
        set_ticks(ax, sorted(part[x].unique()), log=False)
    style.legend(figure, axes)
    return figure


def _across(ax, mean, low, high, look):
    ax.axhline(mean, color=look.colour, linestyle=look.dashes, label=look.name)
    if np.isfinite(low):
        ax.axhspan(low, high, color=look.colour, alpha=BAND, linewidth=0)
