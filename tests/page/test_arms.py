"""Bars, learning curves and distributions draw the numbers they are given."""

import numpy as np
import pandas as pd
import pytest

from prunebook.page import arms, figures
from prunebook.page.drawing import styles, themed

STYLE = styles()[0]
TABLE = pd.DataFrame([
    {"method": method, "seed": seed, "accuracy": 80.0 + place + seed, "steps": 30,
     "curve": [[10, 50.0 + place], [20, 70.0], [30, 80.0 + place + seed]]}
    for place, method in enumerate(["el2n", "grand_initial", "label_free_1_initial"]) for seed in range(3)
])
BASE = TABLE[TABLE.method == "el2n"].assign(method="random")


def draw(make, *given, **options):
    with themed(STYLE):
        return make(STYLE, *given, **options)


def test_bars_are_means_with_percentiles_and_runs(tmp_path):
    figure = draw(arms.percentile_bars, TABLE, y="accuracy", hue="method", across=BASE, label="accuracy")
    (ax,) = figure.axes
    assert [bar.get_width() for bar in ax.patches] == [81, 82, 83]
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "EL2N", "GraNd at initialisation", "Score 1 at initialisation"]
    whisker, dots = ax.lines[:2]
    assert whisker.get_xdata() == pytest.approx(np.percentile([80, 81, 82], [16, 84]))
    assert dots.get_xdata().tolist() == [80, 81, 82]
    assert ax.lines[-1].get_xdata() == pytest.approx([81, 81])
    assert ax.get_xlim()[0] < 80 < 84 < ax.get_xlim()[1]
    figures.save(lambda style: arms.percentile_bars(style, TABLE, y="accuracy", hue="method"), tmp_path, "bars")


def test_single_runs_and_equal_runs_are_drawn(tmp_path):
    one = TABLE[TABLE.seed == 0].assign(accuracy=98.0)
    figures.save(lambda style: arms.percentile_bars(style, one, y="accuracy", hue="method"), tmp_path, "one")
    figures.save(lambda style: arms.learning_curves(style, one, hue="method"), tmp_path, "curves")
    figures.save(lambda style: arms.distributions(style, {"a": {"b": [1.0, 1.0]}}), tmp_path, "same")
    assert len(list(tmp_path.glob("*-dark.svg"))) == 3


def test_curves_end_where_the_runs_end():
    points = arms.curve_points(TABLE)
    assert len(points) == 3 * len(TABLE)
    last = points[points.step == 30].set_index(["method", "seed"]).accuracy
    assert last.equals(TABLE.set_index(["method", "seed"]).accuracy)
    figure = draw(arms.learning_curves, TABLE, hue="method")
    whole, end = figure.axes
    assert whole.lines[0].get_xdata().tolist() == [10, 20, 30]
    assert end.lines[0].get_xdata().tolist() == [20, 30]
    assert whole.lines[1].get_ydata()[-1] == pytest.approx(82)


def test_distributions_are_densities_on_common_bins():
    groups = {"true labels": np.linspace(0, 1, 100), "corrupted": np.linspace(1, 2, 10)}
    figure = draw(arms.distributions, {"after": groups, "before": {"corrupted": groups["true labels"]}}, bins=8)
    first = figure.axes[0].patches
    area = sum(bar.get_width() * bar.get_height() for bar in first[:8])
    assert area == pytest.approx(1)
    assert first[0].get_width() == pytest.approx(2 / 8)
    assert figure.axes[1].get_title(loc="left") == "before"


def test_nothing_run_is_said(tmp_path):
    empty = TABLE.iloc[:0]
    figures.save(lambda style: arms.percentile_bars(style, empty, y="accuracy", hue="method"), tmp_path, "bars")
    figures.save(lambda style: arms.learning_curves(style, empty, hue="method"), tmp_path, "curves")
    figures.save(lambda style: arms.distributions(style, {}), tmp_path, "none")
    assert "has been run" in " ".join(t.get_text() for t in draw(arms.distributions, {}).axes[0].texts)


def test_class_shares_are_of_an_even_share():
    table = pd.DataFrame({
        "method": ["random", "el2n", "el2n"], "seed": [0, 0, 1], "class_counts": [[5, 5], [2, 8], [4, 6]],
    })
    found = arms.class_shares(table, by=["method"])
    assert found.to_dict("list") == {"method": ["random share", "EL2N"], "smallest": [100, 60], "largest": [100, 140]}
    assert list(arms.class_shares(table[["method"]], by=["method"])) == ["method", "smallest", "largest"]
