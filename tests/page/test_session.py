"""A whole page, from begin to its sidecar, on a toy experiment."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from prunebook import page
from prunebook.page import provenance
from prunebook.page.evidence import greater
from prunebook.page.progress import reporter, seconds_left
from prunebook.page.scale import judge
from prunebook.page.session import Page, Unfinished
from prunebook.recipes.grid import grid
from prunebook.runs import closure, verified


def begun(space, **values):
    return page.begin("norms/fig2", {**space, **values})


def experiment(**values):
    return page.experiment_of("norms/fig2", values)


def everything(p, table):
    p.figure("accuracy", lambda style: style.lines(table, x="budget", y="accuracy", hue="method"),
             caption="Accuracy.", alt=p.describe(table, "accuracy", by="method", over="budget"))
    p.table("accuracy", p.means(table, "accuracy", rows="method", columns="budget"), caption="Accuracy.")
    p.reported(table, value="accuracy")
    norm, uniform = (p.per_seed(table, "accuracy", method=method) for method in ("norm", "uniform"))
    p.claim("norm-above-uniform", greater(norm, uniform))
    p.verdicts()
    p.close()
    return json.loads((p.folder.with_suffix(".json")).read_text("utf-8"))


def test_the_header_card(space, shown):
    begun(space, scale="small", budgets=[10, 30])
    text = shown[0]["text/markdown"]
    assert "Bar and Giryes" in text
    assert "prunebook run norms/fig2 --scale small -p budgets '[10, 30]'" in text
    assert "prunebook run" in shown[0]["text/html"]


def test_smoke_where_nothing_is_stored(space, shown):
    p = begun(space)
    sidecar = everything(p, p.results(experiment()))
    assert (p.scale, p.level) == ("smoke", "smoke")
    assert set(sidecar["verdicts"].values()) == {"not run"}
    assert (sidecar["runs_stored"], sidecar["runs_needed"]) == (8, 8)
    said = "\n".join(bundle["text/markdown"] for bundle in shown)
    assert "no reproduction" in said
    assert "n = 2 a point" in said


def test_auto_shows_the_largest_complete_scale(space, shown):
    begun(space, scale="small").results(experiment())
    p = begun(space)
    sidecar = everything(p, p.results(experiment(), enough={"small": 5}))
    assert (p.scale, p.level) == ("small", "small")
    assert sidecar["verdicts"]["norm-above-uniform"] == "holds"
    assert sidecar["verdicts"]["imagenet-comparable"] == "not run"
    assert sidecar["numbers"][0]["effect"] == pytest.approx(10, abs=2)
    assert sidecar["numbers"][0]["n"] == 5
    assert not list(p.folder.parent.glob("*.json.*"))


def test_too_few_replicates_are_partial(space, shown):
    p = begun(space, scale="small", seeds=2)
    p.results(experiment(seeds=2), enough={"small": {"cifar10": 5}})
    assert (p.level, p.shown.wanted) == ("partial", 5)
    assert "5 a point are wanted" in shown[-1]["text/markdown"]


def test_skipping_what_is_missing_is_partial_and_still_a_page(space, shown):
    p = begun(space, scale="paper")
    table = p.results(experiment(), missing="skip")
    assert (p.level, len(table)) == ("partial", 0)
    assert set(everything(p, table)["verdicts"].values()) == {"not run"}


def test_a_deadline_before_the_first_run_says_so(space, shown, monkeypatch):
    monkeypatch.setenv("PRUNEBOOK_DEADLINE", str(time.time() - 5))
    with pytest.raises(Unfinished, match="norms/fig2: 0 of .* at small.*nothing without one.*the same call goes on"):
        begun(space, scale="small").results(experiment())


def test_a_deadline_leaves_a_part(space, shown, monkeypatch):
    begun(space, scale="small").results(experiment(seeds=2))
    monkeypatch.setenv("PRUNEBOOK_DEADLINE", str(time.time() - 5))
    p = begun(space, scale="small")
    assert 0 < len(p.results(experiment())) < len(p.runs)
    assert p.level == "partial"
    with pytest.raises(Unfinished, match="only all of them together"):
        begun(space, scale="small").results(experiment(), whole=True)


def test_measured_is_long_also_without_the_column():
    table = pd.DataFrame({"method": ["norm", "uniform"], "accuracy": [50.0, 40.0]})
    long = Page.measured(table, test="accuracy", training="train_accuracy")
    assert long.groupby("measured").value.count().to_dict() == {"test": 2, "training": 0}
    assert list(long[long.measured == "test"].value) == [50.0, 40.0]


def test_deadlines(monkeypatch):
    monkeypatch.setenv("PRUNEBOOK_DEADLINE", "90")
    assert seconds_left() == 90
    monkeypatch.setenv("PRUNEBOOK_DEADLINE", str(time.time() + 50))
    assert 45 < seconds_left() <= 50
    monkeypatch.setenv("PRUNEBOOK_DEADLINE", "soon")
    with pytest.raises(ValueError, match="PRUNEBOOK_DEADLINE: 'soon'"):
        seconds_left()


def test_paper_scale_is_held_against_printed_numbers(space, shown, root):
    folder = root / "data" / "reported" / "norms"
    folder.mkdir(parents=True)
    (folder / "fig2.csv").write_text("method,budget,value,unit\nnorm,10,40,%\nuniform,10,90,%\n", "utf-8")
    p = begun(space, scale="paper")
    sidecar = everything(p, p.results(experiment()))
    assert [row["verdict"] for row in sidecar["reported"]] == ["within our interval", "ours is lower"]
    small = begun(space, scale="small")
    assert everything(small, small.results(experiment()))["reported"] == []
    assert "not held against ours" in "\n".join(bundle["text/markdown"] for bundle in shown)


def test_a_claim_that_the_manifest_lacks(space, shown):
    p = begun(space)
    with pytest.raises(ValueError, match="did you mean 'norm-above-uniform'"):
        p.claim("norm-above-unifrom", greater([1, 2], [1, 3]))


def test_one_number_a_seed_for_seeds_that_have_all_points(space, shown):
    p = begun(space)
    table = p.results(experiment())
    lacking = table.drop(table[(table.method == "norm") & (table.seed == 1) & (table.budget == 20)].index)
    assert list(p.per_seed(lacking, "accuracy", method="norm").index) == [0]
    assert p.per_seed(table, "accuracy", method="norm")[0] == pytest.approx(
        table[(table.method == "norm") & (table.seed == 0)].accuracy.mean())
    assert p.per_seed(table, "accuracy", dataset="cifar10", method="norm").empty


def test_the_arrays_behind_a_row(space, shown):
    p = begun(space)
    row = next(p.results(experiment()).itertuples())
    assert list(p.array(row, "norms")) == list(range(1, 9))
    with pytest.raises(ValueError, match="did you mean 'norms'"):
        p.array(row, "norm")
    with pytest.raises(ValueError, match="no run of this page"):
        p.array(row._replace(budget=7), "norms")


def test_a_page_says_that_it_is_stale(space, shown, monkeypatch):
    p = begun(space)
    table = p.results(experiment())
    sidecar = everything(p, table)
    assert sidecar["stale"] == []
    assert provenance.changed("norms/fig2", sidecar) == []
    monkeypatch.setattr(closure, "code", lambda recipe: "other")
    assert "code has changed since 8 of 8 runs" in everything(p, table)["stale"][0]
    assert any("This page is stale" in bundle["text/markdown"] for bundle in shown)
    assert provenance.changed("norms/fig2", sidecar) == ["code"]


def test_runs_of_code_that_was_verified_are_not_stale(space, shown, root, monkeypatch):
    p = begun(space)
    table = p.results(experiment())
    old = closure.code(experiment()("smoke")[0].recipe)
    monkeypatch.setattr(closure, "code", lambda recipe: "other")
    link = {"kind": "PageToy", "old": old, "new": "other", "runs": ["a-0", "a-1", "b-0"]}
    verified.add([link], root / "data" / "published")
    sidecar = everything(p, table)
    assert (sidecar["stale"], sidecar["provenance"]["verified"]) == ([], {"runs": 8, "again": 3})
    said = "8 of the runs were made by an earlier version of the code; 3 runs of their kinds, made again"
    assert said in shown[-1]["text/markdown"]


def test_an_edited_cell_makes_a_page_stale(space, shown, root):
    p = begun(space)
    sidecar = everything(p, p.results(experiment()))
    path = root / "notebooks" / "norms" / "fig2.py"
    path.write_text(path.read_text("utf-8") + "\n# %%\nprint(1)\n", "utf-8")
    assert provenance.changed("norms/fig2", sidecar) == ["cells"]


def test_a_drawing_needs_no_runs(space, shown):
    p = begun(space)
    p.close()
    assert (p.scale, p.level) == ("", "paper")


def test_points_of_the_grid_that_nobody_ran_count_as_none(root):
    from page_toys import PageToy

    runs = grid(lambda method: PageToy(method=method), method=["uniform", "norm"], seed=range(3))
    import pandas as pd

    table = pd.DataFrame({"method": ["uniform"] * 3, "seed": range(3)})
    found = judge("small", runs, table)
    assert (found.level, found.least, found.most) == ("partial", 0, 3)


def test_progress_goes_to_the_file_that_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PRUNEBOOK_PROGRESS", str(tmp_path / "progress"))
    reporter()(2, 8, "PageToy × 2", 0.1)
    assert (tmp_path / "progress").read_text("utf-8").startswith("2 of 8 runs, PageToy × 2")
    assert capsys.readouterr() == ("", "")


def test_pages_load_no_torch():
    code = ("import sys, prunebook.page.session, prunebook.page.evidence, prunebook.page.closing\n"
            "print([m for m in ('torch', 'torchvision', 'sklearn', 'seaborn', 'scipy.stats') if m in sys.modules])")
    source = Path(page.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": str(source)})
    assert done.stdout.strip() == "[]"
