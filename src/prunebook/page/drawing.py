"""Figures from long-form tables: one declarative call for lines, scatter and histograms; a theme in every line."""

import functools
import math

import numpy as np

from prunebook.page.means import critical, mean_interval
from prunebook.page.style import DARK, LIGHT, METHODS, Theme, appearance, settings, words

PANEL = 3.4, 2.9  # inches, width and height
ALONE = 5.4, 3.6
BAND = 0.14  # opacity


class Style:
    """What `draw(style)` gets: the theme's colours, `figure()` for axes, and the calls that draw whole figures."""

    def __init__(self, theme: Theme):
        self.theme = theme
        self.name, self.text, self.muted = theme.name, theme.text, theme.muted
        self.grid, self.background = theme.grid, theme.background

    def figure(self, panels=1, *, columns=2, height=None, sharey=False):
        """A Figure of `panels` axes, at most `columns` in a row, and the axes as a list; text grows with the width."""
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        columns = min(columns, panels)
        rows = math.ceil(panels / columns)
        width, tall = ALONE if panels == 1 else (PANEL[0] * columns, PANEL[1])
        matplotlib.rcParams["font.size"] = max(10.0, 1.75 * width)  # a phone shows the figure 340 pixels wide
        figure = Figure(figsize=(width, (height or tall) * rows), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False, sharey=sharey).ravel().tolist()
        for spare in axes[panels:]:
            spare.set_visible(False)
        return figure, axes[:panels]

    def look(self, value, column="method", place=0):
        """Name, colour, marker and dashes of a method or another category."""
        return appearance(column, value, place)

    def legend(self, figure, axes):
        """One legend below all panels; a long one makes the figure taller, not the panels smaller."""
        found = {}
        for ax in axes:
            handles, labels = ax.get_legend_handles_labels()
            found |= dict(zip(labels, handles, strict=True))
        if len(found) > 1:
            longest = max(map(len, found)) + 4  # characters, with the marker before them
            columns = max(1, min(3, len(found), int(figure.get_figwidth() * 13 / longest)))
            rows = math.ceil(len(found) / columns)
            figure.set_figheight(figure.get_figheight() + 0.24 * max(0, rows - 3))
            figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=columns, fontsize="small")

    def lines(self, table, *, x, y, hue, column=None, labels=None, log=False):
        """Means over seeds with 95 % intervals (t), a line a `hue`, a panel a value of `column`."""
        labels, panels = labels or {}, levels(table, column) or [None]
        if y not in table or table.empty:
            return self.nothing()
        figure, axes = self.figure(len(panels))
        hues = levels(table, hue)
        for ax, panel in zip(axes, panels, strict=True):
            part = table if panel is None else table[table[column] == panel]
            counts = set()
            for place, value in enumerate(hues):
                points = summary(part[part[hue] == value], x, y)
                counts |= {n for *_, n in points}
                self.line(ax, points, appearance(hue, value, place), place - (len(hues) - 1) / 2, part[x].nunique())
            ax.set(title=" · ".join(filter(None, [words(panel) if panel is not None else "", n_text(counts)])),
                   xlabel=labels.get(x, x), ylabel=labels.get(y, y))
            set_ticks(ax, sorted(part[x].unique()), log)
        self.legend(figure, axes)
        return figure

    def line(self, ax, points, look, offset, count):
        """Points (x, mean, low, high, n) with their band; where x takes one value (`count`), bars beside each other."""
        if not points:
            return
        at, mean, low, high, _ = (np.array(part, dtype=float) for part in zip(*points, strict=True))
        known, style = np.isfinite(low), {"color": look.colour, "marker": look.marker}
        if count == 1:
            bars = np.where(known, [mean - low, high - mean], 0)
            ax.errorbar(at + offset, mean, yerr=bars, linestyle="none", capsize=3, label=look.name, **style)
            return
        ax.plot(at, mean, linestyle=look.dashes, label=look.name, **style)
        ax.fill_between(at, low, high, where=known, color=look.colour, alpha=BAND, linewidth=0)

    def scatter_with_regression(self, table, *, x, y, hue=None, column=None, labels=None):
        """Points, least-squares line and its 95 % band, a colour a `hue`, a panel a value of `column`."""
        labels, panels = labels or {}, levels(table, column) or [None]
        if y not in table or x not in table or table.empty:
            return self.nothing()
        figure, axes = self.figure(len(panels))
        for ax, panel in zip(axes, panels, strict=True):
            part = table if panel is None else table[table[column] == panel]
            for place, value in enumerate(levels(part, hue) or [None]):
                chosen = part if value is None else part[part[hue] == value]
                look = appearance(hue, value if value is not None else "", place)
                self._regression(ax, chosen[x].to_numpy(float), chosen[y].to_numpy(float), look)
            ax.set(title=words(panel) if panel is not None else "", xlabel=labels.get(x, x), ylabel=labels.get(y, y))
        self.legend(figure, axes)
        return figure

    def _regression(self, ax, x, y, look):
        name = f"{look.name} (n = {x.size})" if look.name else f"n = {x.size}"
        ax.scatter(x, y, s=14, color=look.colour, marker=look.marker, alpha=0.55, linewidths=0, label=name)
        if x.size < 3 or np.ptp(x) == 0:
            return
        at, fitted, half = regression_band(x, y)
        ax.plot(at, fitted, color=look.colour)
        ax.fill_between(at, fitted - half, fitted + half, color=look.colour, alpha=BAND, linewidth=0)

    def histogram(self, groups, *, labels=None, bins=60):
        """A panel a group of `groups`: {name: values}; mean and coefficient of variation in the title."""
        labels = labels or {}
        if not groups:
            return self.nothing()
        figure, axes = self.figure(len(groups))
        for ax, (name, values) in zip(axes, groups.items(), strict=True):
            values = np.asarray(values, dtype=float)
            ax.hist(values, bins=bins, color=METHODS["gram_schmidt"].colour)
            ax.axvline(values.mean(), color=self.text, linewidth=1.2, linestyle="--")
            spread = values.std(ddof=1) / values.mean()
            ax.set(title=f"{words(name)} · σ/μ = {spread:.2f}", xlabel=labels.get("x", ""),
                   ylabel=labels.get("y", "examples"))
        return figure

    def nothing(self):
        """A figure that says that nothing has been run."""
        figure, (ax,) = self.figure(height=1.2)
        ax.axis("off")
        ax.text(0.5, 0.5, "nothing has been run yet", ha="center", va="center", color=self.muted)
        return figure


@functools.cache
def styles():
    """The light and the dark style."""
    return Style(LIGHT), Style(DARK)


def themed(style):
    """A context in which matplotlib draws in the colours of `style`."""
    import matplotlib

    return matplotlib.rc_context(settings(style.theme))


def summary(table, x, y):
    """(x, mean, low, high, n) for each value of x, ascending; bounds are NaN below two replicates."""
    return [(at, *mean_interval(group), len(group)) for at, group in table.groupby(x)[y]]


def regression_band(x, y, points=60):
    """Least-squares line and half width of its 95 % band: (at, fitted, half), each (points,)."""
    n, centre = x.size, x.mean()
    squares = ((x - centre) ** 2).sum()
    slope = ((x - centre) @ y) / squares
    residual = y - y.mean() - slope * (x - centre)
    error = np.sqrt(residual @ residual / (n - 2))
    at = np.linspace(x.min(), x.max(), points)
    half = critical(n - 2) * error * np.sqrt(1 / n + (at - centre) ** 2 / squares)
    return at, y.mean() + slope * (at - centre), half


def levels(table, column):
    """The values of a column in the order of their first rows; none without the column."""
    return list(dict.fromkeys(table[column])) if column and column in table else []


def n_text(counts):
    """The numbers of replicates in a panel in words."""
    if not counts:
        return ""
    return f"n = {min(counts)}" if len(counts) == 1 else f"n = {min(counts)} to {max(counts)}"


def set_ticks(ax, values, log):
    """A tick a value while there are few; `log`: on a logarithmic axis."""
    if log:
        ax.set_xscale("log")
    if 1 < len(values) <= 8:
        ax.set_xticks(values, [words(value) for value in values], minor=False)
        ax.minorticks_off()
    elif len(values) == 1:
        ax.set_xticks(values)
        ax.margins(x=0.3)
