"""Lines with percentiles: the numbers are numpy's, and every run is in its panel."""

import itertools

import numpy as np
import pandas as pd
import pytest

from prunebook.page.bands import percentile_lines, spread
from prunebook.page.drawing import styles
from prunebook.page.style import METHODS

STYLE = styles()[0]


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    axes = itertools.product(("clean", "noisy"), ("el2n", "grand"), (10.0, 20.0, 40.0), range(4))
    return pd.DataFrame([
        {"labels": labels, "method": method, "share": share, "seed": seed, "accuracy": share + rng.normal()}
        for labels, method, share, seed in axes
    ])


def draw(table, **options):
    return percentile_lines(STYLE, table, x="share", y="accuracy", hue="method", **options)


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_spread_is_numpys():
    values = [3.0, 1.0, 4.0, 1.5]
    assert spread(values) == (np.mean(values), *np.percentile(values, [16, 84]))
    mean, low, high = spread([2.0])
    assert (mean, np.isnan(low), np.isnan(high)) == (2.0, True, True)


def test_every_line_is_the_mean_of_its_runs_in_its_panel(table):
    figure = draw(table, column="labels")
    for ax, labels in zip(figure.axes, ("clean", "noisy"), strict=True):
        assert ax.get_title() == f"{labels} · n = 4"
        for method in ("el2n", "grand"):
            line = lines(ax)[METHODS[method].name]
            runs = table[(table.labels == labels) & (table.method == method)].groupby("share").accuracy
            np.testing.assert_allclose(line.get_xdata(), [10, 20, 40])
            np.testing.assert_allclose(line.get_ydata(), runs.mean())
            assert line.get_color() == METHODS[method].colour
        for band, method in zip(ax.collections, ("el2n", "grand"), strict=True):
            runs = table[(table.labels == labels) & (table.method == method)].groupby("share").accuracy
            inside = band.get_paths()[0].vertices
            for share, group in runs:
                edges = inside[inside[:, 0] == share, 1]
                np.testing.assert_allclose([edges.min(), edges.max()], np.percentile(group, [16, 84]))


def test_runs_without_a_place_are_lines_across(table):
    across = pd.DataFrame({"labels": ["clean"] * 3, "method": "random", "accuracy": [50.0, 51.0, 55.0]})
    figure = draw(table, column="labels", across=across)
    line = lines(figure.axes[0])[METHODS["random"].name]
    assert list(line.get_ydata()) == [52.0, 52.0]
    assert METHODS["random"].name not in lines(figure.axes[1])
    band = figure.axes[0].patches[-1].get_extents().transformed(figure.axes[0].transData.inverted())
    assert (band.y0, band.y1) == pytest.approx(tuple(np.percentile([50.0, 51.0, 55.0], [16, 84])))


def test_one_place_is_drawn_with_bars(table):
    figure = draw(table[table.share == 10])
    bars = figure.axes[0].containers
    assert [bar.get_label() for bar in bars] == [METHODS["el2n"].name, METHODS["grand"].name]
    ends = bars[0][2][0].get_segments()[0][:, 1]
    runs = table[(table.share == 10) & (table.method == "el2n")].accuracy
    np.testing.assert_allclose(ends, np.percentile(runs, [16, 84]))


def test_one_run_has_no_band(table):
    single = table[(table.seed == 0) & (table.labels == "clean")]
    ax = draw(single, across=single.head(1).assign(method="random")).axes[0]
    assert len(lines(ax)) == 3
    assert not [path for band in ax.collections for path in band.get_paths() if len(path.vertices)]
    assert not ax.patches


def test_nothing_yet_is_said(table):
    for empty in (table.head(0), table.drop(columns="accuracy")):
        assert [text.get_text() for text in draw(empty).axes[0].texts] == ["nothing has been run yet"]
