"""Where things lie: the checkout, the store of runs, and what this repository ships."""

import os
from functools import lru_cache
from pathlib import Path

MARKER = 'name = "prunebook"'  # the line of pyproject.toml that tells this checkout from any other project


def find_root(start):
    """The closest folder at or above `start` whose pyproject.toml is this project's, or None."""
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        project = folder / "pyproject.toml"
        if project.is_file() and MARKER in project.read_text(encoding="utf-8").splitlines():
            return folder
    return None


@lru_cache(maxsize=1)
def root():
    """The checkout that holds this package; FileNotFoundError where the package is installed without one."""
    found = find_root(__file__) or find_root(Path.cwd())
    if found is None:
        raise FileNotFoundError(
            "the checkout of prunebook was not found: install it with `pip install -e` from its folder, work inside "
            "that folder, or set PRUNEBOOK_STORE to a folder for results"
        )
    return found


def store_root():
    """The folder of the local store: PRUNEBOOK_STORE, or `.store` in the checkout."""
    named = os.environ.get("PRUNEBOOK_STORE")
    return Path(named).expanduser() if named else root() / ".store"


def published_root():
    """The folder of what is shipped, `data/published`; None where there is no checkout."""
    try:
        return root() / "data" / "published"
    except FileNotFoundError:
        return None
