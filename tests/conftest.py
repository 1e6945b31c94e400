"""A copy of the project to run commands in, so that no test touches the checkout's store, pages or book."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("pyproject.toml", "_config.yml", "README.md", "book", "data", "notebooks", "src")
PAGES = """
from prunebook.page import build, manifest, matrix
names = [item.name for item in manifest.items() if matrix.source(item)]
failed = build.execute_all(names, {"scale": "smoke"})
raise SystemExit("\\n".join(filter(None, failed.values())) or 0)
"""
COMMAND = "from prunebook.cli import main; raise SystemExit(main())"


SMOKE = "smoke"  # where the pages at smoke scale are kept


class Project:
    """A copy of the project below `root`, with a store of its own."""

    def __init__(self, root):
        self.root = root

    def run(self, *arguments, **variables):
        """`prunebook ARGUMENTS` in the copy: the finished process, its output as text."""
        return self.python(COMMAND, *arguments, **variables)

    def python(self, source, *arguments, **variables):
        """Python code in the copy: the finished process, its output as text."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PRUNEBOOK_")}
        own = {"PYTHONPATH": str(self.root / "src"), "PRUNEBOOK_STORE": str(self.root / ".store")}
        return subprocess.run(
            [sys.executable, "-c", source, *map(str, arguments)], cwd=self.root, env={**outside, **own, **variables},
            capture_output=True, text=True, timeout=900,
        )


def copy_project(root):
    """Copy what the project consists of, without what its commands make."""
    ignored = shutil.ignore_patterns("executed", "__pycache__", "*.egg-info", ".ipynb_checkpoints")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=ignored)
        else:
            shutil.copy2(source, root / part)
    return Project(root)


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """One copy of the project for the whole session; what is run in it stays."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def new_project(tmp_path):
    """A copy of the project for one test."""
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def pages(project):
    """The copy after every page has run at smoke scale, in a store that began empty; `book` may overwrite the pages."""
    done = project.python(PAGES)
    assert done.returncode == 0, done.stderr
    shutil.copytree(project.root / "book" / "executed", project.root / SMOKE)
    return project


@pytest.fixture(scope="session")
def book(pages):
    """The copy after `prunebook build`, which must have found nothing to complain about."""
    done = pages.run("build")
    assert (done.returncode, done.stderr) == (0, "")
    return pages.root / "_build" / "html"
