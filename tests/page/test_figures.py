"""Figures: the looks of methods, both themes, alt text, and what is written."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from prunebook.page import figures, tables
from prunebook.page.drawing import regression_band, styles, themed
from prunebook.page.style import DARK, LIGHT, METHODS, NEUTRAL, appearance, method

# Machado, Oliveira and Fernandes (2009), severity 1.
CONES = {
    "all": np.eye(3),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])
SEVEN = ("uniform", "norm", "gram_schmidt", "typiclust", "typiclust+norm", "probcover", "probcover+norm")


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    light, dark = sorted((linear(c) @ XYZ[1] + 0.05 for c in (one, other)), reverse=True)
    return light / dark


def lab(colour, cones):
    xyz = XYZ @ np.clip(CONES[cones] @ linear(colour), 0, 1) / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("colour", sorted({m.colour for m in METHODS.values()} | set(NEUTRAL)))
def test_every_colour_is_legible_on_both_backgrounds(colour):
    assert contrast(colour, LIGHT.background) >= 3
    assert contrast(colour, DARK.background) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_is_legible(theme):
    assert contrast(theme.text, theme.background) >= 7
    assert contrast(theme.muted, theme.background) >= 4.5


@pytest.mark.parametrize("cones", CONES)
def test_the_seven_methods_stay_apart_for_colour_blind_readers(cones):
    for one, other in itertools.combinations(SEVEN, 2):
        assert np.linalg.norm(lab(METHODS[one].colour, cones) - lab(METHODS[other].colour, cones)) > 20, (one, other)


def test_no_two_methods_look_or_are_called_alike():
    assert len({(m.marker, m.dashes, m.colour) for m in METHODS.values()}) == len(METHODS)
    assert len({m.name for m in METHODS.values()}) == len(METHODS)


def test_unknown_methods_are_errors():
    with pytest.raises(ValueError, match="did you mean 'gram_schmidt'"):
        method("gram_schmid")
    with pytest.raises(ValueError, match="method"):
        appearance("method", "mine", 0)
    assert appearance("order", 2, 1).name == "2"


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    axes = itertools.product(("cifar10", "cifar100"), ("uniform", "norm"), (10, 20, 60), range(3))
    return pd.DataFrame([
        {"dataset": d, "method": m, "budget": b, "seed": s, "accuracy": b + 5 * (m == "norm") + rng.normal()}
        for d, m, b, s in axes if d == "cifar10" or b == 60
    ])


def test_light_and_dark_are_written(table, tmp_path):
    names = []

    def draw(style):
        names.append(style.name)
        return style.lines(table, x="budget", y="accuracy", hue="method", column="dataset",
                           labels={"accuracy": "test accuracy (%)"})

    png = figures.save(draw, tmp_path / "fig2", "accuracy")
    assert names == ["light", "dark"]
    assert png.startswith(b"\x89PNG")
    for theme, other in ((LIGHT, DARK), (DARK, LIGHT)):
        text = (tmp_path / "fig2" / f"accuracy-{theme.name}.svg").read_text("utf-8")
        ElementTree.fromstring(text)
        assert theme.text in text
        assert other.text not in text
        assert METHODS["norm"].colour in text
        assert "fill: #ffffff" not in text  # transparent: no sheet behind the axes
    again = figures.save(draw, tmp_path / "again", "accuracy")
    assert again == png
    assert (tmp_path / "again/accuracy-dark.svg").read_bytes() == (tmp_path / "fig2/accuracy-dark.svg").read_bytes()


def test_a_page_with_nothing_run_still_has_a_figure(tmp_path):
    empty = pd.DataFrame(columns=["method", "budget", "seed"])
    figures.save(lambda style: style.lines(empty, x="budget", y="accuracy", hue="method"), tmp_path, "empty")
    figures.save(lambda style: style.histogram({}), tmp_path, "none")
    assert len(list(tmp_path.glob("*.svg"))) == 4


def test_lines_draw_means_and_n(table):
    with themed(styles()[0]):
        figure = styles()[0].lines(table, x="budget", y="accuracy", hue="method", column="dataset")
    first = figure.axes[0]
    assert first.get_title(loc="left") == "CIFAR-10 · n = 3"
    assert [line.get_label() for line in first.lines] == ["uniform", "norm"]
    expected = table[(table.dataset == "cifar10") & (table.method == "norm")].groupby("budget").accuracy.mean()
    assert first.lines[1].get_ydata() == pytest.approx(expected.to_numpy())


def test_scatter_and_histogram(table, tmp_path):
    norms = np.random.default_rng(1).gamma(20, size=300)
    figures.save(lambda style: style.histogram({"cifar10": norms}), tmp_path, "norms")
    figures.save(
        lambda style: style.scatter_with_regression(table, x="budget", y="accuracy", hue="method"), tmp_path, "scatter")
    assert (tmp_path / "scatter-dark.svg").is_file()


def test_regression_band_is_scipys():
    from scipy import stats

    x = np.linspace(0, 3, 25)
    y = 2 * x + np.random.default_rng(2).normal(size=25)
    at, fitted, half = regression_band(x, y)
    oracle = stats.linregress(x, y)
    assert fitted == pytest.approx(oracle.intercept + oracle.slope * at)
    # At x = 0 the band is the interval of the intercept.
    assert half[0] == pytest.approx(stats.t.ppf(0.975, 23) * oracle.intercept_stderr)


def test_one_numbered_figure_with_both_images():
    text = figures.myst("fig2", "accuracy", "fig-a", "Caption with `code`.", 'says: "quoted"\nand more')
    assert text.count("{figure}") == 1
    assert re.search(r":alt: \"says: \\\"quoted\\\" and more\"", text)
    assert "fig2/accuracy-light.svg" in text
    assert "fig2/accuracy-dark.svg" in text
    assert text.count("only-dark") == 1


def test_caption_and_alt_are_required(tmp_path):
    with pytest.raises(ValueError, match="alt is empty"):
        figures.check("accuracy", "Caption.", " ")
    with pytest.raises(ValueError, match="caption is empty"):
        figures.check("accuracy", "", "alt")
    with pytest.raises(ValueError, match="no valid name"):
        figures.check("../accuracy", "Caption.", "alt")
    with pytest.raises(ValueError, match="returned NoneType"):
        figures.save(lambda style: None, tmp_path, "x")


def test_alt_text_is_made_from_the_data(table):
    text = figures.describe(table, "accuracy", by="method", over="budget", labels=["dataset", "method", "budget"])
    expected = table[(table.dataset == "cifar10") & (table.method == "uniform") & (table.budget == 60)].accuracy.mean()
    assert text.startswith("CIFAR-10: uniform ")
    assert f"and {expected:.1f} at 60" in text
    assert "CIFAR-100: " in text
    assert figures.describe(table.iloc[:0], "accuracy", by="method") == "Nothing has been run yet."


def test_a_mean_is_rounded_alike_in_sentence_alt_text_and_table():
    # the sum of these four is one unit in the last place apart in numpy and in pandas' groupby
    table = pd.DataFrame({"method": "full", "accuracy": [80.35, 78.96, 79.67999999999999, 79.21000000000001]})
    said = tables.means(table, "accuracy", rows="method")["accuracy"].item().split("\u00a0")[0]
    assert figures.ranked(table, "accuracy", by="method").split(" ")[-1] == f"{said}."
    assert figures.describe(table, "accuracy", by="method").split(" ")[-1] == f"{said}."


def test_arms_are_ranked_by_their_means():
    table = pd.DataFrame({"method": ["el2n", "random", "el2n", "full"], "accuracy": [70.0, 78.0, 71.0, 79.5]})
    said = "From the highest to the lowest: full data 79.5; random share 78.0; EL2N 70.5."
    assert figures.ranked(table, "accuracy", by="method") == said
    assert figures.ranked(table.iloc[:0], "accuracy", by="method") == "Nothing has been run yet."
