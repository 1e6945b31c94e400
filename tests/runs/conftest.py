import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for toy_recipes, here and in the processes that tests start

from prunebook.runs import Store  # noqa: E402
from prunebook.runs.context import RECENT  # noqa: E402


@pytest.fixture
def store(tmp_path):
    """A store with an empty shipped layer."""
    return Store(tmp_path / "store", tmp_path / "published")


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Lines that the toy recipes have written so far, by calling it."""
    path = tmp_path / "log.txt"
    monkeypatch.setenv("TOY_LOG", str(path))
    RECENT.entries.clear()
    return lambda: path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture
def environment(tmp_path):
    """Environment for processes on the store of this test."""
    source = Path(__file__).parents[2] / "src"
    return {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(source), str(Path(__file__).parent)]),
        "PRUNEBOOK_STORE": str(tmp_path / "store"), "TOY_LOG": str(tmp_path / "log.txt"),
    }
