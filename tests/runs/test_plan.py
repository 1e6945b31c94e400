import pytest
import toy_recipes as toys

from prunebook.recipes.base import Record
from prunebook.recipes.grid import Run, grid
from prunebook.runs import plan, results
from prunebook.runs.estimates import CPU_CORE
from prunebook.runs.plan import duration
from prunebook.runs.provenance import cores, device_name, origin


def recorded(store, recipe, seed, seconds, **changed):
    store.put(recipe, seed, Record({"total": 0.0}), {**origin(recipe, "cpu"), "seconds": seconds, **changed})


def test_nothing_recorded_is_counted_at_a_documented_rate_and_nothing_is_run(store, log):
    planned = plan(grid(lambda arm: toys.ToyTraining(arm=arm), arm=range(3), seed=range(2)), store, device="cpu")
    assert (planned.stored, planned.missing, planned.how) == (0, 7, "counted")
    assert planned.seconds == pytest.approx((6 * 1e9 + 4e6) / (CPU_CORE * cores()))
    assert [(line.kind, line.missing) for line in planned.lines] == [("ToyFeatures", 1), ("ToyTraining", 6)]
    assert [type(entry.recipe).__name__ for entry in planned.entries][0] == "ToyFeatures"
    assert log() == []
    assert not store.root.exists()


def test_the_same_recipe_is_known_by_its_median_and_its_kind_by_operations(store):
    slow = toys.ToyTraining(slow=1.0)
    for seed, seconds in enumerate((1.0, 2.0, 60.0)):
        recorded(store, slow, seed, seconds)
    recorded(store, toys.ToyFeatures(), 0, 0.5)
    planned = plan([Run(slow, 9, {}), Run(toys.ToyFeatures(8), 0, {}), Run(slow, 0, {})], store, device="cpu")
    assert [(entry.seconds, entry.how) for entry in planned.entries] == [(1.0, "scaled"), (2.0, "recorded")]
    assert (planned.stored, planned.missing, planned.seconds, planned.how) == (1, 2, 3.0, "scaled")


def test_times_of_another_device_teach_nothing(store):
    recorded(store, toys.ToyTraining(), 0, 1000.0, device="another")
    recorded(store, toys.ToyFeatures(), 0, 1.0)
    assert plan([Run(toys.ToyTraining(), 1, {})], store, device="cpu").how == "counted"


def test_runs_without_counted_operations_take_their_kinds_median(store):
    unknown = plan([Run(toys.ToyLoner(1), 0, {})], store, device="cpu")
    assert unknown.how == "unknown"
    assert unknown.text().splitlines()[1].split() == ["ToyLoner", "0", "1", "?", "not", "known"]
    recorded(store, toys.ToyLoner(2), 0, 3.0)
    planned = plan([Run(toys.ToyLoner(1), 0, {})], store, device="cpu")
    assert (planned.seconds, planned.how) == (3.0, "scaled")


def test_a_complete_grid_has_nothing_to_plan(store):
    runs = grid(lambda arm: toys.ToyTraining(arm=arm), arm=range(2))
    results(runs, store=store, device="cpu")
    planned = plan(runs + runs, store, device="cpu")
    assert (planned.stored, planned.missing, planned.seconds) == (2, 0, 0)
    assert planned.text() == "Nothing is missing: 2 runs are stored."


def test_the_text_is_a_table(store):
    runs = grid(lambda arm: toys.ToyTraining(arm=arm), arm=range(2), seed=range(2))
    results(runs[:1], store=store, device="cpu")
    recorded(store, runs[0].recipe, 1, 100.0)
    recorded(store, runs[0].recipe, 0, 140.0)
    lines = plan(runs, store, device="cpu").text().splitlines()
    assert lines[0].split() == ["kind", "stored", "missing", "time", "known", "from"]
    assert lines[1].split()[:3] == ["ToyFeatures", "1", "0"]
    assert lines[2].split()[:5] == ["ToyTraining", "2", "2", "4", "min"]
    assert lines[-1].split()[:3] == ["total", "2", "2"]
    assert device_name("cpu") in lines[-1]


@pytest.mark.parametrize(("seconds", "text"), [
    (0.04, "0.0 s"), (9.94, "9.9 s"), (12, "12 s"), (89, "89 s"), (720, "12 min"), (11160, "3.1 h"),
])
def test_durations_are_in_the_unit_people_would_use(seconds, text):
    assert duration(seconds) == text
