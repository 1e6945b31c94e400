"""The papers' printed numbers: complete, unique, and as printed where a sentence of the paper lets us check."""

import csv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "data" / "reported"
FILES = sorted(ROOT.rglob("*.csv"))
CELLS = {
    "datadiet/fig10": 1,
    "norms/table1": 4 * 5, "norms/table2": 3 * 7, "drophot/table1": 9 * 2, "hypersparse/table1": 12 * 9,
    "hypersparse/table2": 7 * 4 * 10, "prunefuse/table1": 5 * (15 + 3), "prunefuse/table2": 4 * 6,
    "prunefuse/table3": 12 * 5, "prunefuse/table5": 2 * 20 * 5, "prunefuse/table6": 4 * 6,
    "prunefuse/table7": 2 * 12 * 5, "prunefuse/table8": 8 * 5,
}


def rows(name):
    with (ROOT / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def value(name, **where):
    """The one printed value of table `name` with these keys, as text."""
    found = [row["value"] for row in rows(name) if all(row[key] == wanted for key, wanted in where.items())]
    assert len(found) == 1
    return found[0]


def test_every_table_has_every_cell():
    assert {str(path.relative_to(ROOT).with_suffix("")): len(rows(path.relative_to(ROOT).with_suffix("")))
            for path in FILES} == CELLS


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_long_form(path):
    listed = rows(path.relative_to(ROOT).with_suffix(""))
    keys = [name for name in listed[0] if name != "value"]
    assert len({tuple(row[key] for key in keys) for row in listed}) == len(listed)
    for row in listed:
        assert float(row["value"]) == float(row["value"])
    shares = [float(row["value"]) for row in listed if row["metric"].startswith(("overlap", "compression"))]
    assert all(0 <= share <= 1 for share in shares)


def test_values_that_the_texts_repeat():
    # prunefuse, section 4.1: "90.31 % at b = 50 % compared to SVP's 91.61 %", "93.69 %, relative to 92.95 %"
    at_half = {"metric": "accuracy", "budget_percent": "50"}
    assert value("prunefuse/table2", method="prunefuse", role="selector", **at_half) == "90.31"
    assert value("prunefuse/table2", method="svp", role="selector", **at_half) == "91.61"
    assert value("prunefuse/table2", method="prunefuse", role="target", **at_half) == "93.69"
    assert value("prunefuse/table2", method="svp", role="target", **at_half) == "92.95"


def test_tables_that_print_the_same_cells_agree():
    for row in rows("prunefuse/table3"):
        where = {key: row[key] for key in row if key not in ("value",)}
        assert value("prunefuse/table7", **where) == row["value"]
    for row in rows("prunefuse/table8"):
        where = {key: row[key] for key in row if key not in ("value",)}
        assert value("prunefuse/table5", **where) == row["value"]


def test_counts_that_the_claims_state():
    # 17 of the 18 differences are positive; 12 of the 60 cells of table 1 are not above the baseline
    assert sum(float(row["value"]) > 0 for row in rows("drophot/table1")) == 17
    cells = [row for row in rows("prunefuse/table1") if row["metric"] == "accuracy"]
    baseline = [row for row in cells if row["method"] == "baseline"]
    base = {(row["dataset"], row["budget_percent"]): float(row["value"]) for row in baseline}
    variants = [row for row in cells if row["method"] == "prunefuse"]
    below = [row for row in variants if float(row["value"]) <= base[row["dataset"], row["budget_percent"]]]
    assert (len(below), len(variants)) == (12, 60)
