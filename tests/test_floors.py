"""The floors of the house: a room imports only from floors below it, and files stay short."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "prunebook"
FLOORS = [
    {"arrays", "datasets", "models"},
    {"training", "gradients"},
    {"features"},
    {"selection", "scores", "pruning", "semisup", "measures"},
    {"recipes"},
    {"runs"},
    {"page"},
    {"cli"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(SRC.rglob("*.py"))


def room(path):
    """The room a file is in: the first folder below the package, or the module's own name."""
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imported_rooms(source):
    """Rooms of the package that `source` imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports inside the package are written in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("prunebook.")}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_imports_go_down(path):
    if path == SRC / "__init__.py":
        return
    own = room(path)
    assert own in FLOOR, f"{own} is on no floor"
    for other in imported_rooms(path.read_text("utf-8")) - {own}:
        assert other in FLOOR, f"{other} is on no floor"
        same_floor_below = FLOOR[other] < FLOOR[own] or (FLOOR[other] == FLOOR[own] and not_back(other, own))
        assert same_floor_below, f"{own} (floor {FLOOR[own]}) imports {other} (floor {FLOOR[other]})"


def not_back(other, own):
    """Whether a room of the same floor may be used: only if it does not import back, so that there is no circle."""
    return all(own not in imported_rooms(path.read_text("utf-8")) for path in FILES if room(path) == other)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_files_are_short(path):
    assert len(path.read_text("utf-8").splitlines()) <= 300


def test_the_check_sees_an_import_that_climbs():
    assert imported_rooms("from prunebook.page import build\nimport prunebook.cli.run") == {"page", "cli"}
    assert imported_rooms("def f():\n    from prunebook import runs") == {"runs"}
