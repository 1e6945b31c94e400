"""Figures with one mark an arm or a run: bars beside baselines, learning curves, distributions of scores."""

import numpy as np
import pandas as pd

from prunebook.page.bands import percentile_lines, spread
from prunebook.page.drawing import levels
from prunebook.page.style import appearance, words

WHOLE, END = "whole training", "its last third"


def percentile_bars(style, table, *, y, hue, across=None, label=""):
    """A bar an arm at the mean of its runs, a whisker from the 16th to the 84th percentile, a dot a run; a Figure.

    `across`: runs of baselines; each `hue` in it is a dashed line. The axis begins a little below the lowest run.
    """
    if y not in table or table.empty:
        return style.nothing()
    arms = levels(table, hue)
    figure, (ax,) = style.figure(height=1.2 + 0.38 * len(arms))
    for place, arm in enumerate(arms):
        runs, look = table[table[hue] == arm][y].to_numpy(float), appearance(hue, arm, place)
        mean, low, high = spread(runs)
        ax.barh(place, mean, color=look.colour, height=0.7)
        if np.isfinite(low):
            ax.plot([low, high], [place, place], color=style.text, linewidth=1.5)
        ax.plot(runs, np.full(len(runs), place), linestyle="none", marker="o", markersize=3, color=style.text)
    for place, value in enumerate([] if across is None else levels(across, hue), len(arms)):
        look = appearance(hue, value, place)
        ax.axvline(across[across[hue] == value][y].mean(), color=look.colour, linestyle=look.dashes, label=look.name)
    lowest, highest = _range(y, table, across)
    ax.set_xlim(lowest - 0.15 * (highest - lowest), highest + 0.05 * (highest - lowest))
    ax.set_yticks(range(len(arms)), [appearance(hue, arm, place).name for place, arm in enumerate(arms)])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.invert_yaxis()
    ax.set(xlabel=label or y)
    if across is not None and len(across):
        figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _range(y, *tables):
    values = pd.concat([table[y] for table in tables if table is not None]).to_numpy(float)
    return values.min(), values.max() + (1e-9 if np.ptp(values) == 0 else 0)


def class_shares(table, by):
    """A frame of the smallest and the largest class of what was kept, percent of an even share; means for each `by`."""
    if "class_counts" not in table:
        return pd.DataFrame(columns=[*by, "smallest", "largest"])
    even = [100 * np.array(counts) / np.mean(counts) for counts in table["class_counts"]]
    ends = table.assign(smallest=[each.min() for each in even], largest=[each.max() for each in even])
    means = ends.groupby(by, sort=False)[["smallest", "largest"]].mean().round().astype(int).reset_index()
    return means.map(lambda value: words(value) if isinstance(value, str) else value)


def curve_points(table):
    """Long form of the learning curves in column `curve`, [[step, accuracy], …] a run: a row a point."""
    rows = [
        {**{name: getattr(run, name) for name in table.columns if name not in ("curve", "steps", "accuracy")},
         "step": step, "accuracy": accuracy}
        for run in table.itertuples() for step, accuracy in run.curve
    ]
    return pd.DataFrame(rows)


def learning_curves(style, table, *, hue, labels=None):
    """Mean and percentiles of test accuracy against steps: the whole training, and its last third on its own scale."""
    from matplotlib.ticker import MaxNLocator, ScalarFormatter

    points = curve_points(table) if "curve" in table and len(table) else pd.DataFrame()
    if points.empty:
        return style.nothing()
    late = points[points.step >= points.step.max() * 2 / 3]
    both = pd.concat([points.assign(part=WHOLE), late.assign(part=END)])
    names = {"step": "steps", "accuracy": "test accuracy (%)", **(labels or {})}
    figure = percentile_lines(style, both, x="step", y="accuracy", hue=hue, column="part", labels=names)
    for ax in figure.axes:
        ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        ax.xaxis.set_major_formatter(ScalarFormatter())
    return figure


def distributions(style, panels, *, labels=None, bins=50):
    """Outlined histograms of groups of scores, {panel: {group: values}}, each group as a density; a Figure."""
    labels = labels or {}
    if not panels:
        return style.nothing()
    figure, axes = style.figure(len(panels))
    every = np.concatenate([np.asarray(values) for groups in panels.values() for values in groups.values()])
    edges = np.linspace(every.min(), every.max(), bins + 1) if np.ptp(every) else bins
    names = list(dict.fromkeys(group for groups in panels.values() for group in groups))
    for ax, (panel, groups) in zip(axes, panels.items(), strict=True):
        for group, values in groups.items():
            look = appearance("group", group, names.index(group))
            ax.hist(values, bins=edges, density=True, color=look.colour, alpha=0.25)
            ax.hist(values, bins=edges, density=True, color=look.colour, histtype="step", linewidth=1.6, label=group)
        ax.set(title=panel, xlabel=labels.get("x", ""), ylabel=labels.get("y", "density"))
    style.legend(figure, axes)
    return figure
