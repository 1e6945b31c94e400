import dataclasses
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import toy_recipes as toys

from prunebook.recipes.base import Record
from prunebook.recipes.grid import Run, grid
from prunebook.runs import RunError, Store, records, results
from prunebook.runs.claims import Claims
from prunebook.runs.context import RECENT, Recent
from prunebook.runs.engine import _name
from prunebook.runs.estimates import Estimates
from prunebook.runs.provenance import origin
from prunebook.runs.schedule import groups, key, missing


def training(**fields):
    return lambda arm: toys.ToyTraining(arm=arm, **fields)


def test_one_row_a_run_with_labels_seed_and_metrics(store):
    runs = grid(training(), arm=[0, 5], seed=range(2))
    table = results(runs, store=store, device="cpu")
    assert list(table) == ["arm", "seed", "total", "arm_seed"]
    assert table["total"].tolist() == [6, 6, 11, 11]
    assert table["arm_seed"].tolist() == [[0, 0], [0, 1], [5, 0], [5, 1]]
    assert table.attrs["missing"] == 0


def test_nothing_is_computed_twice_and_ingredients_come_first(store, log):
    runs = grid(training(), arm=range(3), seed=range(2))
    first = results(runs, store=store, device="cpu")
    lines = log()
    assert lines[0] == "ToyFeatures 4 0"
    assert len(lines) == 7
    assert results(runs + runs[:2], store=Store(store.root, False), device="cpu")[:6].equals(first)
    assert log() == lines


def test_lowest_seeds_of_every_arm_come_first_in_groups_of_the_limit(store, log):
    results(grid(training(), arm=range(3), seed=(2, 0, 1)), store=store, device="cpu")
    trained = [tuple(map(int, line.split()[1:])) for line in log()[1:]]
    assert [seed for _, seed, _ in trained] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [size for *_, size in trained] == [4, 4, 4, 4, 4, 4, 4, 4, 1]


def test_ingredients_of_later_jobs_wait_for_their_job():
    runs = [Run(toys.ToyTraining(toys.ToyFeatures(size)), seed, {}) for seed in (0, 1) for size in (1, 2)]
    wanted = missing(runs, lambda recipe, seed: False)
    jobs = list(groups([(run.recipe, run.seed) for run in runs], {key(*pair) for pair in wanted}))
    order = [[(type(recipe).__name__, seed) for recipe, seed in job] for job in jobs]
    assert order == [[("ToyFeatures", 0)], [("ToyTraining", 0), ("ToyTraining", 1)]] * 2


def test_a_run_asked_for_that_is_also_an_ingredient_is_made_once():
    runs = [Run(toys.ToyTraining(), 0, {}), Run(toys.ToyFeatures(), 0, {})]
    wanted = missing(runs, lambda recipe, seed: False)
    jobs = list(groups([(run.recipe, run.seed) for run in runs], {key(*pair) for pair in wanted}))
    assert [[type(recipe).__name__ for recipe, _ in job] for job in jobs] == [["ToyFeatures"], ["ToyTraining"]]


def test_the_arrays_of_a_shared_ingredient_are_read_once(store, log, monkeypatch):
    read = []
    original = records.read_arrays
    monkeypatch.setattr(records, "read_arrays", lambda path: read.append(path) or original(path))
    results(grid(training(), arm=range(9)), store=store, device="cpu")
    assert len(read) == 1


def test_a_recipe_that_needs_itself_is_an_error(store):
    class Circle(toys.ToyLoner):
        def needs(self, seed):
            return [(self, seed)]

    circle = dataclasses.dataclass(frozen=True)(Circle)()
    with pytest.raises(ValueError, match="needs itself"):
        results([Run(circle, 0, {})], store=store, device="cpu")


def test_fused_and_single_runs_give_the_same(store, tmp_path, monkeypatch):
    runs = grid(training(), arm=range(3), seed=range(3))
    fused = results(runs, store=store, device="cpu")
    monkeypatch.setattr(toys.ToyTraining, "group_limit", 1)
    single = results(runs, store=Store(tmp_path / "other", False), device="cpu")
    assert fused.equals(single)


def test_the_record_says_how_it_came_about(store):
    recipe = toys.ToyTraining(settings=toys.ToySettings(rate=0.3))
    results([Run(recipe, seed, {}) for seed in range(3)], store=store, device="cpu")
    said = store.get(recipe, 2).provenance
    assert said["group"]["runs"] == 3
    assert said["group"] == store.get(recipe, 0).provenance["group"]
    assert said["seconds"] == pytest.approx(said["group"]["seconds"] / 3)
    assert said["peak_memory_mib"] > 10
    assert (said["flops"], said["precision"], len(said["code"])) == (1e9, "float32", 12)
    assert {"python", "torch", "numpy", "scikit-learn"} <= set(said["versions"])
    assert {"commit", "dirty", "device", "threads", "date"} <= set(said)


def test_missing_skip_computes_nothing(store, log):
    runs = grid(training(), arm=[1, 2], seed=[0])
    table = results(runs, store=store, missing="skip")
    assert (list(table), len(table), table.attrs["missing"]) == (["arm", "seed"], 0, 2)
    assert log() == []
    assert not store.root.exists()


def test_one_failing_run_costs_no_other(store, log):
    runs = grid(training(bad_seed=1), arm=range(2), seed=range(3))
    with pytest.raises(RunError) as caught:
        results(runs, store=store, device="cpu")
    error = caught.value
    assert [(failure.recipe.arm, failure.seed) for failure in error.failures] == [(0, 1), (1, 1)]
    assert len(error.results) == 4
    assert error.results.attrs["missing"] == 2
    text = str(error).splitlines()
    assert text[0].startswith("2 runs failed")
    assert "seed 1: ValueError: a bad seed [" in text[1]
    assert '"bad_seed":1' in text[1]
    assert isinstance(error.__cause__, ValueError)
    before = log()
    with pytest.raises(RunError):
        results(runs, store=store, device="cpu")
    assert log() == before  # what was made is stored, and failed runs write no line


def test_a_failing_ingredient_is_told_with_all_that_needs_it(store):
    broken = toys.ToyFeatures(broken=True)
    runs = [Run(toys.ToyTraining(broken), seed, {}) for seed in (0, 1)] + [Run(toys.ToyTraining(), 0, {})]
    with pytest.raises(RunError, match="it needs ToyFeatures .* which failed") as caught:
        results(runs, store=store, device="cpu")
    assert len(caught.value.failures) == 3
    assert len(caught.value.results) == 1


def test_a_job_too_large_for_memory_is_halved(store, log):
    results(grid(training(out_of_memory=1), arm=range(4)), store=store, device="cpu")
    assert [line for line in log() if line.startswith("OutOf")] == ["OutOfMemory 4", "OutOfMemory 2", "OutOfMemory 2"]


def test_running_out_of_memory_is_a_sentence(store, monkeypatch):
    def explode(self, context):
        raise MemoryError("could not allocate 8 GiB")

    monkeypatch.setattr(toys.ToyLoner, "run", explode)
    with pytest.raises(RunError, match="seed 0: memory ran out .*use a smaller batch or width"):
        results([Run(toys.ToyLoner(), 0, {})], store=store, device="cpu")


def test_a_wrong_number_of_records_is_an_error(store, monkeypatch):
    monkeypatch.setattr(toys.ToyTraining, "run_together", classmethod(lambda cls, recipes, contexts: [Record()]))
    table = results(grid(training(), arm=range(2)), store=store, device="cpu")
    assert len(table) == 2  # the job of two is refused, each alone is fine


def test_an_undeclared_ingredient_is_made_on_demand(store, log):
    assert results([Run(toys.ToyForgetful(), 0, {})], store=store, device="cpu")["mean"].tolist() == [1.5]
    assert log() == ["ToyFeatures 5 2"]
    assert store.has(toys.ToyFeatures(5), 2)


def test_an_ingredient_damaged_after_planning_is_made_again(store, log, monkeypatch):
    monkeypatch.setattr(toys.ToyTraining, "group_limit", 1)
    results([Run(toys.ToyFeatures(), 0, {})], store=store, device="cpu")

    def damage(done, total, label, seconds):
        RECENT.entries.clear()
        for path in store.root.glob("records/ToyFeatures/*/0.npz") if label == "ToyTraining" else ():
            path.write_bytes(b"")

    table = results(grid(training(), arm=range(2)), store=store, device="cpu", progress=damage)
    assert len(table) == 2
    assert log() == ["ToyFeatures 4 0", "ToyTraining 0 0 1", "ToyFeatures 4 0", "ToyTraining 1 0 1"]


def test_after_the_deadline_no_job_is_started(store, log):
    assert len(results(grid(training(), arm=range(3)), store=store, device="cpu", deadline=0)) == 0
    assert log() == []
    runs = grid(lambda arm: toys.ToyLoner(arm, slow=0.2), arm=range(8))
    started = time.monotonic()
    table = results(runs, store=store, device="cpu", deadline=0.7)
    assert time.monotonic() - started < 1.5
    assert 1 <= len(table) <= 4
    assert table.attrs["missing"] == 8 - len(table)
    assert table["arm"].tolist() == list(range(len(table)))


def test_a_run_that_would_overrun_the_deadline_is_left_out_and_a_shorter_one_is_not(store, log):
    slow = toys.ToyLoner(slow=0.4)
    results([Run(slow, 0, {})], store=store, device="cpu")
    runs = [Run(slow, 1, {}), *grid(training(), arm=range(2))]
    table = results(runs, store=store, device="cpu", deadline=0.35)
    assert len(table) == 2
    assert log().count("ToyLoner 0 1") == 0


def recorded(store, runs, seconds):
    """Store `runs` as if each had taken so long on this device."""
    for run in runs:
        facts = origin(run.recipe, "cpu")
        store.put(run.recipe, run.seed, Record({"total": 0.0}), {**facts, "seconds": seconds})


def test_a_job_is_cut_to_what_fits_before_the_deadline(store, monkeypatch):
    monkeypatch.setattr(Estimates, "learn", lambda *_: None)
    runs = grid(training(), arm=range(4), seed=range(2))
    recorded(store, runs[:2], 10.0)
    told = []
    table = results(runs, store=store, device="cpu", deadline=29, progress=lambda *said: told.append(said[2]))
    assert told == ["ToyFeatures"] + ["ToyTraining × 2"] * 3  # jobs of four, but only two at a time fit
    assert len(table) == 8


def test_what_a_wrong_estimate_left_out_is_tried_again(store):
    runs = grid(training(), arm=range(4), seed=range(2))
    recorded(store, runs[:2], 10.0)
    assert len(results(runs, store=store, device="cpu", deadline=29)) == 8


@pytest.mark.parametrize(("argument", "value"), [
    ("missing", "compute"), ("deadline", -1), ("deadline", float("nan")), ("device", "gpu"),
])
def test_bad_arguments_are_named(store, argument, value):
    with pytest.raises(ValueError, match=argument):
        results(grid(training(), arm=[0]), **{"store": store, "device": "cpu", argument: value})


@pytest.mark.parametrize("seed", [-1, 0.5, True, None])
def test_bad_seeds_are_named(store, seed):
    with pytest.raises(ValueError, match="seed"):
        results([Run(toys.ToyLoner(), seed, {})], store=store, device="cpu")


def test_a_label_that_is_also_a_metric_is_an_error(store):
    with pytest.raises(ValueError, match="'total' is also the name of a metric"):
        results([Run(toys.ToyTraining(), 0, {"total": 1})], store=store, device="cpu")


def test_progress_counts_jobs_to_the_end(store):
    told = []
    results(grid(training(), arm=range(5)), store=store, device="cpu", progress=lambda *said: told.append(said))
    assert [(done, total, label) for done, total, label, _ in told] == [
        (1, 6, "ToyFeatures"), (5, 6, "ToyTraining × 4"), (6, 6, "ToyTraining")]


def test_progress_inside_a_job_is_a_part_of_the_whole(store, monkeypatch):
    told = []

    def slow(self, context):
        for step in range(4):
            time.sleep(0.2)
            context.progress(step + 1, 4, loss=1 / 3)
        return Record({"value": 1})

    monkeypatch.setattr(toys.ToyLoner, "run", slow)
    results([Run(toys.ToyLoner(), 0, {})], store=store, device="cpu", progress=lambda *said: told.append(said))
    assert [said[:3] for said in told] == [(0.75, 1, "ToyLoner: 3 of 4, loss 0.3333"), (1, 1, "ToyLoner")]


def test_an_interrupted_grid_goes_on_where_it_was(store, log, monkeypatch):
    runs = grid(lambda arm: toys.ToyLoner(arm), arm=range(4))
    original = toys.ToyLoner.run

    def interrupted(self, context):
        if self.arm == 2:
            raise KeyboardInterrupt
        return original(self, context)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(toys.ToyLoner, "run", interrupted)
        results(runs, store=store, device="cpu")
    assert len(results(runs, store=store, device="cpu")) == 4
    assert log() == [f"ToyLoner {arm} 0" for arm in range(4)]


KILLED = """
import toy_recipes as toys
from prunebook.recipes.grid import grid
from prunebook.runs import Store, results
runs = grid(lambda arm: toys.ToyTraining(arm=arm, slow=0.3), arm=range(4), seed=range(4))
results(runs, device="cpu", store=Store(published=False))
"""


def test_kill_in_the_middle_repeats_only_what_was_not_finished(environment, tmp_path):
    log = tmp_path / "log.txt"
    process = subprocess.Popen([sys.executable, "-c", KILLED], env=environment)
    until = time.monotonic() + 60
    while time.monotonic() < until and (not log.exists() or log.read_text().count("Training") < 8):
        time.sleep(0.01)
    process.kill()
    process.wait()
    stored = len(list(tmp_path.glob("store/records/ToyTraining/*/*.json")))
    executed = log.read_text().count("Training")
    assert 0 < stored < 16
    assert executed - stored <= 4  # at most the group it was killed in
    subprocess.run([sys.executable, "-c", KILLED], env=environment, check=True, timeout=60)
    lines = log.read_text().splitlines()
    assert lines.count("ToyFeatures 4 0") == 1
    assert sum("Training" in line for line in lines) == executed + 16 - stored
    assert len(list(tmp_path.glob("store/records/ToyTraining/*/*.json"))) == 16


@pytest.fixture
def other_process(store):
    """Starts a process that claims a run until it is killed."""
    started = []

    def claim(recipe, seed):
        code = ("import sys, time; from prunebook.runs.claims import Claims\n"
                "print(Claims(sys.argv[1]).take(sys.argv[2]) and 'held', flush=True); time.sleep(60)")
        command = [sys.executable, "-c", code, str(store.root / "claims"), _name(recipe, seed)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=source()))
        assert started[-1].stdout.readline().strip() == "held"
        return started[-1]

    yield claim
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_claim_of_another_process_is_waited_for_until_it_ends(store, log, other_process):
    runs = grid(training(), arm=range(3))
    process = other_process(runs[1].recipe, 0)
    assert results(runs, store=store, device="cpu", deadline=1)["arm"].tolist() == [0, 2]
    process.kill()
    process.wait()
    assert results(runs, store=store, device="cpu")["arm"].tolist() == [0, 1, 2]
    assert Claims(store.root / "claims").take(_name(runs[1].recipe, 0))


def test_runs_wait_for_an_ingredient_that_another_process_is_making(store, log, other_process):
    runs = [*grid(training(), arm=range(2)), *grid(lambda arm: toys.ToyLoner(arm), arm=[7])]
    process = other_process(toys.ToyFeatures(), 0)
    threading.Timer(0.5, process.kill).start()
    assert len(results(runs, store=store, device="cpu")) == 3
    assert log() == ["ToyLoner 7 0", "ToyFeatures 4 0", "ToyTraining 0 0 2", "ToyTraining 1 0 2"]


def source():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}


LAZY = """
import sys, toy_recipes as toys
from prunebook.recipes.grid import grid
from prunebook.runs import Store, plan, results
runs = grid(lambda arm: toys.ToyTraining(arm=arm), arm=range(2))
store = Store(published=False)
results(runs, device="cpu", store=store)
results(runs, store=store); plan(runs, store, device="cpu")
import prunebook.recipes.accuracy, prunebook.page
print([name for name in ("torch", "torchvision", "sklearn") if name in sys.modules])
"""


def test_a_page_with_nothing_missing_loads_no_torch(environment):
    process = subprocess.run([sys.executable, "-c", LAZY], env=environment, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


def test_recent_records_stay_within_their_limits():
    recent = Recent(limit=100, count=3)
    for place in range(5):
        recent.put(place, Record({}, {"x": np.zeros(10, np.uint8)}))
    assert list(recent.entries) == [2, 3, 4]
    assert recent.get(2) is not None
    recent.put(5, Record({}, {"x": np.zeros(75, np.uint8)}))
    assert list(recent.entries) == [4, 2, 5]
    recent.put(6, Record({}, {"x": np.zeros(1000, np.uint8)}))
    assert list(recent.entries) == [6]


@pytest.mark.parametrize("runs", [None, [1], [toys.ToyTraining()]])
def test_what_is_no_run_is_named(runs, store):
    with pytest.raises(ValueError, match="runs: .* is not valid; a list of Run is needed"):
        results(runs, store=store, device="cpu")
