"""What the prose promises: its example runs, its commands and files exist."""

import re
import shlex

import pytest

from prunebook.cli.parser import parser
from prunebook.runs import paths

PAGES = [paths.root() / "README.md", *sorted((paths.root() / "book").glob("*.md"))]


def test_the_example_on_the_landing_page_runs(capsys):
    source = re.search(r"```python\n(.*?)```", (paths.root() / "book" / "index.md").read_text("utf-8"), re.S)[1]
    exec(compile(source, "index.md", "exec"), {})
    covered = [int(number) for number in re.findall(r"covers (\d+) of 10", capsys.readouterr().out)]
    assert len(covered) == 2
    assert all(1 <= number <= 10 for number in covered)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_understood(page):
    text = page.read_text("utf-8").replace("\\\n", " ")
    commands = re.findall(r"^\s*(prunebook \w.*?)(?:\s{2,}#.*)?$", text, re.M)
    commands += re.findall(r"`(prunebook [^`…]+)`", text)
    for command in commands:
        options = parser().parse_args(shlex.split(" ".join(command.split()), comments=True)[1:])
        assert callable(options.command)


def test_the_commands_are_found():
    text = (paths.root() / "book" / "how-to-rerun.md").read_text("utf-8")
    assert len(re.findall(r"^\s*prunebook \w", text, re.M)) >= 6


def test_files_that_are_named_exist():
    text = (paths.root() / "README.md").read_text("utf-8")
    for name in ("src/prunebook", "data/papers", "data/reported", "book", "tests", "CITATION.cff", "LICENSE"):
        assert (paths.root() / name).exists()
        assert name in text or name == "LICENSE"
