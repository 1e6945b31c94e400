"""`prunebook verify` as a user meets it: numbers that stayed equal, numbers that did not, nothing to be done."""

import json
from dataclasses import dataclass

import pytest

from prunebook.cli import main
from prunebook.recipes.base import Recipe, Record
from prunebook.recipes.grid import Run
from prunebook.runs import closure, digest, paths, results


@dataclass(frozen=True)
class VerifyToy(Recipe):
    arm: int = 0
    rate: float = 0.5

    def run(self, context):
        return Record({"value": 1.0 * (self.arm + context.seed) + SHIFT})


SHIFT = 0.0


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Types `prunebook verify VerifyToy …` with three stored runs of the code "first", where "second" is today's."""
    monkeypatch.setattr(paths, "published_root", lambda: tmp_path / "published")
    monkeypatch.setattr(closure, "code", lambda recipe: "first")
    monkeypatch.setenv("PRUNEBOOK_STORE", str(tmp_path / "store"))
    results([Run(VerifyToy(arm), seed) for arm, seed in ((1, 0), (1, 1), (2, 0))], device="cpu")
    monkeypatch.setattr(closure, "code", lambda recipe: "second")
    return lambda *more: main(["verify", "VerifyToy", "--store", str(tmp_path / "store"), "--device", "cpu", *more])


def test_equal_runs_are_listed_and_recorded(typed, tmp_path, capsys):
    assert typed("--runs", "3") == 0
    *lines, verdict = capsys.readouterr().out.splitlines()
    one, two = digest(VerifyToy(1)), digest(VerifyToy(2))
    assert sorted(lines) == sorted([f"equal: {one} seed 0, arm 1", f"equal: {one} seed 1, arm 1",
                                    f"equal: {two} seed 0, arm 2"])
    assert verdict == ("VerifyToy, code first against second: 3 of 3 runs are equal; "
                       "recorded in data/published/verified.jsonl")
    link = json.loads((tmp_path / "published" / "verified.jsonl").read_text("utf-8"))
    assert (link["kind"], link["old"], link["new"], len(link["runs"])) == ("VerifyToy", "first", "second", 3)
    assert typed() == 0
    assert "nothing to verify" in capsys.readouterr().out


@pytest.mark.parametrize(("shift", "said"), [(1.0, "different (by "), (1e-9, "within rounding (by ")])
def test_what_is_not_equal_is_an_exit_code(typed, tmp_path, capsys, monkeypatch, shift, said):
    monkeypatch.setitem(globals(), "SHIFT", shift)
    assert typed() == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith(said) for line in lines[:2]] == [True, True]
    assert "2 of 2 runs are not equal; nothing is recorded" in lines[2]
    assert "threads: " in lines[3]
    assert not (tmp_path / "published").exists()
