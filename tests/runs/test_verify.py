"""Stored runs made again: what is equal is recorded and counts as current, what is not is said."""

import dataclasses
import math

import numpy as np
import pytest
import toy_recipes as toys

from prunebook.recipes.base import Record
from prunebook.recipes.grid import Run, grid
from prunebook.runs import Store, closure, digest, results, verified, verify
from prunebook.runs.schedule import key


@pytest.fixture
def code(monkeypatch):
    """Sets the digest that every recipe's code has from now on."""
    return lambda now: monkeypatch.setattr(closure, "code", lambda recipe: now)


@pytest.fixture
def made(store, log, code):
    """Runs of one fused job of four, one of two, and a loner, made by the code "first"; "second" is today's."""
    code("first")
    runs = grid(lambda arm: toys.ToyTraining(arm=arm), arm=[5, 0, 3], seed=range(2)) + [Run(toys.ToyLoner(), 1, {})]
    results(runs, store=store, device="cpu")
    code("second")
    return runs


def again(store, what, **options):
    return verify.verify(what, device="cpu", store=store, **options)


def links(store):
    return [tuple(link[name] for name in ("kind", "old", "new")) for link in verified.read(store.published.folder)]


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_jobs_are_fused_again_as_they_were_and_nothing_stored_changes(store, made, log):
    before, lines = contents(store.root), log()
    compared = again(store, "ToyTraining", runs=6)
    assert [one.verdict for one in compared] == ["equal"] * 6
    trained = [line for line in lines if line.startswith("ToyTraining")]
    new = log()[len(lines):]
    assert new == trained[4:] + trained[:4]  # the cheaper job first, each in the order in which it was fused
    assert contents(store.root) == before
    assert links(store) == [("ToyTraining", "first", "second")]
    assert verified.read(store.published.folder)[0]["runs"] == sorted(
        f"{digest(run.recipe)}-{run.seed}" for run in made[:6])


def test_equal_runs_count_as_current_along_a_chain(store, made, code):
    stored, folder = store.get(made[0].recipe, 0), store.published.folder
    again(store, "ToyTraining")
    assert again(store, "ToyTraining") == []
    code("third")
    assert closure.stale(stored, made[0].recipe, verified.read(folder))
    verified.add([{"kind": "ToyTraining", "old": "second", "new": "third", "runs": ["a-0"]},
                  {"kind": "ToyTraining", "old": "second", "new": "first", "runs": []}], folder)
    assert not closure.stale(stored, made[0].recipe, verified.read(folder))
    assert [link["new"] for link in verified.chain(verified.read(folder), "ToyTraining", "first", "third")] == [
        "second", "third"]
    assert closure.stale(store.get(made[6].recipe, 1), made[6].recipe, verified.read(folder))  # of another kind
    code("fourth")
    assert closure.stale(stored, made[0].recipe, verified.read(folder))


def test_one_run_that_differs_leaves_the_code_unverified(store, made, monkeypatch):
    original = toys.ToyTraining.run_together.__func__

    def other(cls, recipes, contexts):
        return [Record({**record.metrics, "total": record.metrics["total"] + shift})
                for record, shift in zip(original(cls, recipes, contexts), (0, 1e-9, 0, 0, 0, 0), strict=False)]

    monkeypatch.setattr(toys.ToyTraining, "run_together", classmethod(other))
    compared = again(store, "ToyTraining", runs=6)
    assert sorted(one.verdict for one in compared) == ["equal"] * 4 + ["within rounding"] * 2
    assert max(one.difference for one in compared) == pytest.approx(1e-9 / 6, rel=0.5)
    assert links(store) == []


def test_a_part_of_the_runs(store, made):
    whole = again(store, [(made[0].recipe, 0)])
    assert {key(one.recipe, one.stored.seed) for one in whole} == {
        key(toys.ToyTraining(arm=arm), seed) for arm, seed in ((5, 0), (0, 0), (3, 0), (5, 1))}


def test_the_cheapest_runs_that_have_every_value(store, code, monkeypatch):
    code("first")
    for slow, arm, seed in ((0.02, 0, 0), (0.0, 1, 0), (0.0, 1, 1), (0.01, 0, 2)):
        results([Run(toys.ToyLoner(arm, slow), seed, {})], store=store, device="cpu")
    code("second")
    picked = [(one.recipe.arm, one.recipe.slow) for one in again(store, "ToyLoner")]
    assert picked == [(1, 0.0), (0, 0.01), (0, 0.02)]
    code("third")
    assert len(again(store, "ToyLoner", runs=1)) == 1
    code("fourth")
    assert len(again(store, "ToyLoner", runs=9)) == 4


def test_of_a_job_whose_runs_are_not_all_there_each_is_made_alone_and_only_if_asked_for(store, made, log):
    (store.folder("ToyTraining", digest(made[0].recipe)) / "0.json").unlink()
    lines = len(log())
    assert [one.verdict for one in again(store, "ToyTraining")] == ["equal"] * 2
    assert {line.split()[-1] for line in log()[lines:]} == {"2"}
    (store.published.folder / verified.NAME).unlink()
    asked = made[1].recipe, made[1].seed
    assert [key(one.recipe, one.stored.seed) for one in again(store, [asked])] == [key(*asked)]
    assert log()[-1].split()[-1] == "1"


def test_a_run_whose_arrays_are_damaged_is_not_compared(store, code):
    code("first")
    results([Run(toys.ToyNoise(), seed, {}) for seed in (0, 1)], store=store, device="cpu")
    (store.folder("ToyNoise", digest(toys.ToyNoise())) / "0.npz").write_bytes(b"damaged")
    code("second")
    assert [one.stored.seed for one in again(store, "ToyNoise", runs=2)] == [1]


def test_inputs_that_are_not_shipped_are_made(store, made, tmp_path, log):
    features = toys.ToyFeatures()
    (store.folder("ToyFeatures", digest(features)) / "0.json").unlink()
    assert {one.verdict for one in again(store, "ToyTraining")} == {"equal"}
    assert store.has(features, 0)


def run(metrics, **arrays):
    """A stored run as far as comparing goes."""
    return type("Stored", (), {"metrics": metrics, "arrays": arrays})


floats = np.linspace(-4, 1, 7, dtype=np.float32)


@pytest.mark.parametrize(
    ("before", "after", "apart"),
    [
        (run({"a": 1.0, "training_seconds": 2.0}), run({"a": 1.0, "training_seconds": 3.0}), 0),
        (run({"a": math.nan, "b": ["x", None, 1, 0.5]}), run({"a": math.nan, "b": ["x", None, 1, 0.5]}), 0),
        (run({"a": 1.0}), run({"a": 1.0, "b": 1}), math.inf),
        (run({"a": 50000}), run({"a": 50001}), math.inf),
        (run({"a": 2}), run({"a": 2.0}), math.inf),
        (run({"a": [1, 2]}), run({"a": [1, 3]}), math.inf),
        (run({"a": "x"}), run({"a": "xy"}), math.inf),
        (run({"a": [4.0, 1.0]}), run({"a": [4.0, 1.5]}), 0.125),
        (run({"a": math.nan}), run({"a": 1.0}), math.inf),
        (run({}, x=floats), run({}, x=floats.copy()), 0),
        (run({}, x=floats), run({}, x=floats + np.float32([0] * 6 + [0.5])), 0.125),
        (run({}, x=floats), run({}, x=floats.astype(np.float64)), math.inf),
        (run({}, x=floats), run({}, x=floats[1:]), math.inf),
        (run({}, x=floats), run({}, y=floats), math.inf),
        (run({}, x=np.array([1, 2])), run({}, x=np.array([1, 3])), math.inf),
        (run({}, x=np.array([1, np.nan])), run({}, x=np.array([1, np.nan])), 0),
        (run({}, x=np.zeros(2)), run({}, x=np.full(2, 1e-9)), math.inf),
    ],
)
def test_how_far_two_runs_are_apart(before, after, apart):
    assert verify.difference(before, after) == apart


def test_a_raised_version_is_another_run(store, made, monkeypatch):
    monkeypatch.setattr(toys.ToyLoner, "version", 2)
    object.__delattr__(made[6].recipe, "_digest")
    assert again(store, "ToyLoner") == []


def test_what_cannot_be_asked(store, made):
    with pytest.raises(ValueError, match="did you mean 'ToyLoner'"):
        again(store, "ToyLonr")
    with pytest.raises(ValueError, match="runs: 0 is not valid"):
        again(store, "ToyLoner", runs=0)
    with pytest.raises(ValueError, match="no checkout"):
        again(Store(store.root, published=False), "ToyLoner")


def test_links_are_sorted_unique_and_damage_is_ignored(tmp_path):
    link = {"kind": "B", "old": "1", "new": "2", "runs": ["x-0"], "date": "a"}
    path = verified.add([link, {**link, "kind": "A"}], tmp_path)
    path.write_bytes(path.read_bytes() + b'{"kind": "C"}\n[1]\n{"ki\xff\n')
    assert [one["kind"] for one in verified.read(tmp_path)] == ["A", "B"]
    text = verified.add([{**link, "date": "b"}], tmp_path).read_text("utf-8").splitlines()
    assert [line.split('"date": "')[1][0] for line in text] == ["a", "b"]
    assert verified.read(tmp_path / "nowhere") == []


def test_the_code_does_not_depend_on_what_was_verified(store, made):
    assert "prunebook.runs.verified" not in closure.closure(["prunebook.recipes.accuracy", "prunebook.recipes.flow"])
    assert dataclasses.is_dataclass(again(store, "ToyLoner")[0])
