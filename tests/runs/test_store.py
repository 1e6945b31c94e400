import errno
import json
import logging
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import toy_recipes as toys

from prunebook.recipes.base import Record
from prunebook.recipes.grid import Run
from prunebook.runs import Store, StoreError, digest, files, published, results

RECIPE = toys.ToyFeatures(3)
RECORD = Record({"a": 0.1, "b": [1, 2]}, {"x": np.arange(6).reshape(2, 3), "y": np.array([0.5], np.float16)})


def places(store, recipe=RECIPE, seed=0):
    folder = store.folder(type(recipe).__name__, digest(recipe))
    return folder / f"{seed}.json", folder / f"{seed}.npz"


def test_what_is_put_comes_back(store):
    store.put(RECIPE, 7, RECORD, {"seconds": 1.5})
    found = Store(store.root, False).get(RECIPE, 7)
    assert found.metrics == RECORD.metrics
    assert list(found.metrics) == ["a", "b"]
    assert found.provenance == {"seconds": 1.5}
    assert (found.kind, found.seed, found.recipe["fields"]) == ("ToyFeatures", 7, {"size": 3})
    assert {name: (array.dtype, array.tolist()) for name, array in found.arrays.items()} == {
        name: (array.dtype, array.tolist()) for name, array in RECORD.arrays.items()}
    assert store.get(RECIPE, 8) is None
    assert not store.has(toys.ToyFeatures(4), 7)


def test_metrics_are_lossless(store):
    metrics = {
        "z": 0.1 + 0.2, "tiny": 5e-324, "nan": math.nan, "inf": [math.inf, -math.inf], "big": 2**70, "whole": 2.0,
        "flag": True, "none": None, "text": "ü", "half": np.float32(0.1), "count": np.int64(3),
        "array": np.array([[1.5, math.nan]]), "truth": np.bool_(True), "nested": {"b": 1, "a": [0.5]}, "empty": [],
    }
    store.put(RECIPE, 0, Record(metrics), {})
    found = store.get(RECIPE, 0).metrics
    expected = {**metrics, "half": float(np.float32(0.1)), "count": 3, "array": [[1.5, math.nan]], "truth": True}
    assert list(found) == list(expected)
    assert repr(found) == repr(expected)
    json.loads(places(store)[0].read_text(), parse_constant=pytest.fail)  # strict JSON: no NaN, no Infinity


@pytest.mark.parametrize("record", [Record({"m": {1, 2}}), Record({"m": [object()]}), Record({}, {"m": [object()]})])
def test_what_cannot_be_stored_is_named(store, record):
    with pytest.raises(TypeError, match="m"):
        store.put(RECIPE, 0, record, {})
    assert not store.has(RECIPE, 0)


def test_writing_again_replaces_the_run(store):
    store.put(RECIPE, 0, RECORD, {})
    store.put(RECIPE, 0, Record({"a": 2}), {})
    assert store.get(RECIPE, 0).metrics == {"a": 2}
    assert store.get(RECIPE, 0).arrays == {}


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGE = {
    "json truncated": lambda text, npz: text.write_bytes(text.read_bytes()[:-20]),
    "json empty": lambda text, npz: text.write_bytes(b""),
    "json of a list": lambda text, npz: text.write_text("[]"),
    "json byte flipped": lambda text, npz: flip(text),
    "metric changed": lambda text, npz: text.write_text(text.read_text().replace('"mean":1.5', '"mean":1.6')),
    "npz byte flipped": lambda text, npz: flip(npz),
    "npz truncated": lambda text, npz: npz.write_bytes(npz.read_bytes()[:-1]),
    "npz missing": lambda text, npz: npz.unlink(),
    "record of another seed": lambda text, npz: os.replace(text.with_name("1.json"), text),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_is_set_aside_told_of_once_and_made_again(store, damage, caplog, log):
    runs = [Run(RECIPE, seed, {}) for seed in (0, 1)]
    before = results(runs, store=store, device="cpu")
    DAMAGE[damage](*places(store))
    with caplog.at_level(logging.WARNING, "prunebook.runs"):
        assert store.get(RECIPE, 0) is None
        assert store.get(RECIPE, 0) is None
    assert len(caplog.messages) == len(store.damaged) == 1
    assert caplog.messages[0].count(".") == 1
    assert str(store.root) not in caplog.messages[0]
    assert list((store.root / "damaged").iterdir())
    assert results(runs, store=store, device="cpu").equals(before)
    assert log().count("ToyFeatures 3 0") == 2
    np.testing.assert_array_equal(store.get(RECIPE, 0).arrays["values"], [0, 1, 2])


def test_a_damaged_ingredient_is_made_again(store, log):
    run = Run(toys.ToyTraining(RECIPE), 0, {})
    results([run], store=store, device="cpu")
    flip(places(store)[1])
    toys_log = len(log())
    from prunebook.runs.context import RECENT

    RECENT.entries.clear()
    assert len(results([run, Run(toys.ToyTraining(RECIPE), 1, {})], store=store, device="cpu")) == 2
    assert log()[toys_log:] == ["ToyFeatures 3 0", "ToyTraining 0 1 1"]


def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_loses_only_that_run(store, monkeypatch):
    store.put(RECIPE, 0, RECORD, {})
    with monkeypatch.context() as patch, pytest.raises(StoreError, match="seed 1 .*no space is left.*this run is lost"):
        patch.setattr(files.os, "fsync", full)
        store.put(RECIPE, 1, RECORD, {})
    assert store.has(RECIPE, 0)
    assert not store.has(RECIPE, 1)
    assert sorted(path.name for path in places(store)[0].parent.iterdir()) == ["0.json", "0.npz"]


def test_a_full_disk_stops_the_engine_with_one_sentence(store, monkeypatch):
    runs = [Run(toys.ToyTraining(arm=arm), 0, {}) for arm in range(3)]
    put, stored = Store.put, []

    def fails_later(self, recipe, seed, record, provenance):
        if len(stored) == 2:
            monkeypatch.setattr(files.os, "fsync", full)
        put(self, recipe, seed, record, provenance)
        stored.append(recipe)

    monkeypatch.setattr(Store, "put", fails_later)
    with pytest.raises(StoreError, match="no space is left.*so are 1 more of its job") as caught:
        results(runs, store=store, device="cpu")
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert [store.has(run.recipe, 0) for run in runs] == [True, False, False]
    assert len(results(runs, store=store, device="cpu")) == 3


def test_a_store_without_permission_is_read_but_not_written(store, monkeypatch, log):
    store.put(RECIPE, 0, RECORD, {})

    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    assert len(results([Run(RECIPE, 0, {})], store=store, device="cpu")) == 1
    with pytest.raises(StoreError, match="no permission to write; nothing was computed"):
        results([Run(RECIPE, 1, {})], store=store, device="cpu")
    assert log() == []


def test_a_damaged_record_that_may_not_be_moved_still_counts_as_missing(store, monkeypatch):
    store.put(RECIPE, 0, RECORD, {})
    flip(places(store)[0])

    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("prunebook.runs.store.os.replace", refuse)
    assert store.get(RECIPE, 0) is None
    assert "stays where it is" in store.damaged[0]


def test_a_file_where_the_store_should_be_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        results([Run(RECIPE, 0, {})], store=Store(tmp_path / "file", False), device="cpu")


def test_published_runs_stand_alone(store, tmp_path):
    runs = [Run(toys.ToyTraining(arm=arm), seed, {"arm": arm}) for arm in (0, 1) for seed in (0, 1, 2)]
    runs += [Run(toys.ToyPrivate(), 0, {})]
    before = results(runs[:-1], store=store, device="cpu")
    results(runs[-1:], store=store, device="cpu")
    written = store.publish(runs)
    shipped = Store(tmp_path / "elsewhere", tmp_path / "published")
    assert results(runs[:-1], store=shipped, missing="skip").equals(before)
    assert shipped.get(toys.ToyFeatures(), 0).arrays["values"].tolist() == [0, 1, 2, 3]
    assert shipped.get(toys.ToyTraining(), 0).published
    assert shipped.get(toys.ToyPrivate(), 0) is None
    assert len(written) == 4  # two arms, the features they stand on, and its arrays
    assert not (tmp_path / "elsewhere").exists()


def test_publishing_merges_and_is_the_same_bytes_whatever_the_order(store, tmp_path):
    runs = [Run(RECIPE, seed, {}) for seed in (0, 1, 2)]
    results(runs, store=store, device="cpu")
    store.publish(runs[1:])
    store.publish(runs[:1])
    merged = {path.name: path.read_bytes() for path in tmp_path.glob("published/**/*.*z")}
    other = Store(store.root, tmp_path / "other")
    other.publish(runs[::-1])
    assert merged == {path.name: path.read_bytes() for path in tmp_path.glob("other/**/*.*z")}
    assert len(merged) == 4
    assert [content[4:8] for name, content in merged.items() if name.endswith(".gz")] == [bytes(4)]  # no time inside


def test_publishing_keeps_to_the_limits_and_writes_nothing_otherwise(store, tmp_path, monkeypatch):
    runs = [Run(toys.ToyNoise(3000), 0, {}), Run(toys.ToyNoise(2**21), 0, {})]
    results(runs, store=store, device="cpu")
    with pytest.raises(ValueError, match=r"2\.0 MiB; a published file may have 2 MiB"):
        store.publish(runs)
    monkeypatch.setattr(published, "TOTAL_LIMIT", 3000)
    with pytest.raises(ValueError, match="it may have 30 MiB in all"):
        store.publish(runs[:1])
    assert not list(tmp_path.glob("published/**/*.*z"))


@pytest.mark.parametrize("damage", ["truncate", "flip", "arrays"])
def test_damage_in_the_shipped_layer_is_only_reported(store, tmp_path, damage):
    runs = [Run(RECIPE, seed, {}) for seed in range(30)]
    results(runs, store=store, device="cpu")
    packed = store.publish(runs)[-1]
    if damage == "truncate":
        packed.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    else:
        flip(packed if damage == "flip" else packed.with_name(f"{digest(RECIPE)}-4.npz"))
    before = packed.read_bytes()
    shipped = Store(tmp_path / "fresh", tmp_path / "published")
    there = [shipped.has(run.recipe, run.seed) for run in runs]
    assert not all(there)
    assert shipped.damaged
    assert len(results(runs, store=shipped, device="cpu")) == 30
    assert packed.read_bytes() == before


def test_four_thousand_published_runs_are_read_in_half_a_second(store, tmp_path):
    made = [toys.ToyTraining(arm=arm, settings=toys.ToySettings(epochs=7)) for arm in range(40)]
    for recipe in made:
        store.put(recipe, 0, Record({"accuracy": 61.5, "indices": list(range(20))}), {"seconds": 1.0, "code": "x" * 12})
    line = {recipe: store._content(recipe, 0)[0] for recipe in made}
    for recipe in made:
        path = store.published.path("ToyTraining", digest(recipe))
        path.parent.mkdir(parents=True, exist_ok=True)
        contents = []
        for seed in range(100):
            content = {**line[recipe], "seed": seed}
            del content["checksum"]
            contents.append({**content, "checksum": published.records.canonical.sha256(content)})
        path.write_bytes(published.pack_lines(contents))
    runs = [Run(recipe, seed, {"arm": recipe.arm}) for recipe in made for seed in range(100)]
    times = []
    for _ in range(3):
        shipped = Store(tmp_path / "fresh", tmp_path / "published")
        started = time.process_time()
        assert len(results(runs, store=shipped, missing="skip")) == 4000
        times.append(time.process_time() - started)
    assert min(times) < 0.5


SHARED = """
import sys, toy_recipes as toys
from prunebook.recipes.grid import grid
from prunebook.runs import Store, results
runs = grid(lambda arm: toys.ToyTraining(arm=arm, slow=0.05), arm=range(6), seed=range(4))
print(len(results(runs, device="cpu", store=Store(published=False))))
"""


def test_two_processes_share_the_work_of_one_store(environment, tmp_path):
    command = [sys.executable, "-c", SHARED]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].strip() for process in both] == ["24", "24"]
    trained = [line.split()[1:3] for line in (tmp_path / "log.txt").read_text().splitlines() if "Training" in line]
    assert sorted(map(tuple, trained)) == sorted((str(arm), str(seed)) for arm in range(6) for seed in range(4))
    assert not list(Path(environment["PRUNEBOOK_STORE"]).glob("claims/*"))
    assert not list(Path(environment["PRUNEBOOK_STORE"]).glob("**/*.partial"))
