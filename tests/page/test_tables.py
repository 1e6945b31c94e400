"""Tables, numbers in words, and reported against ours."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunebook.page import reported, show, tables


@pytest.mark.parametrize(
    ("value", "text"),
    [(61.234, "61.2"), (0.15342, "0.153"), (1234.5, "1234"), (-3.14159, "−3.14"), (0, "0"), (0.0, "0.00"),
     (float("nan"), "–"), (None, "–"), (12, "12"), (0.0001234, "0.000123")],
)
def test_numbers_never_have_an_exponent(value, text):
    assert show.number(value) == text


def test_intervals_have_the_decimals_of_their_width():
    assert show.with_interval(1.2345, 0.41, 2.02, "points").replace(show.UNBROKEN, " ") == "1.2 [0.4, 2.0] points"
    assert show.with_interval(1.2345, float("nan"), float("nan"), "points") == "1.23 points"
    assert show.with_interval(1.0, 1.0, 1.0).replace(show.UNBROKEN, " ") == "1.00 [1.00, 1.00]"
    assert show.with_interval(11.59, 0.3, 22.9).replace(show.UNBROKEN, " ") == "11.6 [0.3, 22.9]"  # not "12 [0, 23]"
    assert show.with_interval(12.0, 0.0, 23.0).replace(show.UNBROKEN, " ") == "12 [0, 23]"
    assert show.with_interval(0.8, -0.3, 0.97, least=2).replace(show.UNBROKEN, " ") == "0.80 [−0.30, 0.97]"


@pytest.mark.parametrize(("mean", "low", "n", "text"), [
    (61.23, 60.1, 10, "61.2 ± 1.1 (10)"), (0.1534, 0.14, 5, "0.15 ± 0.01 (5)"), (37.682, 37.678, 9, "37.7 ± 0.0 (9)"),
    (17.7, 17.7, 10, "17.7 (10)"), (0.5, float("nan"), 1, "0.500 (1)"), (-4.2, -5.5, 4, "−4.2 ± 1.3 (4)"),
])
def test_a_cell_has_decimals_that_mean_something(mean, low, n, text):
    assert tables.cell(mean, low, n).replace(show.UNBROKEN, " ") == text


def test_means_keep_the_numbers_behind_them(tmp_path):
    table = pd.DataFrame({"method": ["norm"] * 3 + ["uniform"], "budget": [10, 10, 20, 10], "accuracy": [1.0, 2, 3, 4],
                          "seed": [0, 1, 0, 0]})
    frame = tables.means(table, "accuracy", rows="method", columns="budget")
    half = stats.sem([1.0, 2.0]) * stats.t.ppf(0.975, 1)
    assert frame.loc[0, "10"].replace(show.UNBROKEN, " ") == f"1.5 ± {half:.1f} (2)"
    assert frame.loc[1, "20"] == "–"
    tables.write_csv(frame, tmp_path / "a.csv")
    long = pd.read_csv(tmp_path / "a.csv")
    assert long.loc[0, "low"] == pytest.approx(1.5 - half)
    assert list(long.columns) == ["method", "budget", "mean", "low", "high", "n"]
    assert tables.means(table.iloc[:0], "accuracy", rows="method", columns="budget").empty


def test_tables_are_plain_and_safe():
    frame = pd.DataFrame({"method": ["gram_schmidt"], "text": ["a|b\nc"], "n": [np.int64(3)], "low": [0.5]})
    text = tables.myst(frame, "A caption.", "tab-a")
    assert "| Gram‑Schmidt | a\\|b c | 3 | 0.500 |" in text
    assert "| :-- | :-- | --: | --: |" in text
    assert ":name: tab-a" in text
    assert "style=" not in tables.fallback(frame, "A caption.")


def test_lists_stay_out_of_the_csv(tmp_path):
    tables.write_csv(pd.DataFrame({"seed": [0], "indices": [[1, 2]]}), tmp_path / "runs.csv")
    assert list(pd.read_csv(tmp_path / "runs.csv")) == ["seed"]


@pytest.fixture
def printed(tmp_path):
    path = tmp_path / "fig2.csv"
    path.write_text("method,budget,value,unit,source\nnorm,10,20.0,%,Table 1\nnorm,20,99,%,Table 1\nk,10,5,%,Table 1\n")
    return reported.read(path)


def test_reported_against_ours(printed):
    ours = pd.DataFrame({"method": "norm", "budget": [10, 10, 10, 20], "value": [19.0, 20.0, 22.0, 1.0]})
    rows = reported.compare(printed, ours)
    interval = stats.t.interval(0.95, 2, 61 / 3, stats.sem([19.0, 20.0, 22.0]))
    assert rows[0]["verdict"] == "within our interval"
    assert (rows[0]["difference_low"], rows[0]["n"]) == (pytest.approx(interval[0] - 20), 3)
    assert [row["verdict"] for row in rows[1:]] == ["undecided (n = 1)", "not run"]
    assert list(reported.frame(rows, reported.keys(printed)).columns[:4]) == ["method", "budget", "paper", "ours"]
    with pytest.raises(ValueError, match="no column 'budget'"):
        reported.compare(printed, ours.drop(columns="budget"))


def test_a_printed_value_outside_the_interval_differs():
    assert reported.match(1.0, 2.0, 3.0, 5) == "ours is higher"
    assert reported.match(9.0, 2.0, 3.0, 5) == "ours is lower"


def test_no_csv_means_nothing_is_printed(tmp_path):
    assert reported.read(tmp_path / "none.csv") is None
