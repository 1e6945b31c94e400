"""The matrix and the table of contents: every item is shown, and only pages that exist are linked."""

import json

import pytest
import yaml

from prunebook.page import manifest, matrix, toc
from prunebook.runs import paths


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty project with the real manifest, prose for two papers and one notebook."""
    (tmp_path / "data").symlink_to(paths.root() / "data")
    (tmp_path / "notebooks" / "norms").mkdir(parents=True)
    (tmp_path / "notebooks" / "norms" / "fig2.py").write_text("", "utf-8")
    (tmp_path / "book").mkdir()
    for name in ("norms", "drophot"):
        (tmp_path / "book" / f"{name}.md").write_text("# x\n", "utf-8")
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    monkeypatch.delenv("PRUNEBOOK_EXECUTED", raising=False)
    return tmp_path


def write_sidecar(root, **content):
    path = root / "book" / "executed" / "norms" / "fig2.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")


def test_every_item_has_a_row_and_only_pages_are_linked(root):
    rows = matrix.rows()
    assert [row["name"] for row in rows] == [item.name for item in manifest.items()]
    assert [row["name"] for row in rows if row["link"]] == ["norms/fig2"]
    assert {row["level"] for row in rows if not row["link"]} == {matrix.NO_PAGE}
    text = matrix.write().read_text("utf-8")
    assert text.count("(/book/executed/") == 1
    assert all(f"`{item.name}`" in text for item in manifest.items())
    assert f"1 of {len(rows)} items have a page" in text


def test_a_row_says_what_its_page_found(root):
    row = next(row for row in matrix.rows() if row["name"] == "norms/fig2")
    assert (row["level"], row["runs"], row["verdicts"]) == ("not run", "–", "11 to test")
    write_sidecar(root, level="partial", scale="small", runs_stored=7, runs_needed=9,
                  verdicts={"a": "holds", "b": "undecided", "c": "holds"})
    row = next(row for row in matrix.rows() if row["name"] == "norms/fig2")
    assert (row["level"], row["scale"], row["runs"]) == ("partial", "small", "7 of 9")
    assert row["verdicts"] == "2 holds, 1 undecided"


def test_a_damaged_sidecar_counts_as_not_run(root):
    path = root / "book" / "executed" / "norms" / "fig2.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"level": "sm', "utf-8")
    assert next(row for row in matrix.rows() if row["name"] == "norms/fig2")["level"] == "not run"


def test_contents_name_only_what_exists(root):
    assert toc.write()
    assert not toc.write()
    chapters = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))["parts"][1]["chapters"]
    assert chapters == [
        {"file": "book/norms", "sections": [{"file": "book/executed/norms/fig2"}]}, {"file": "book/drophot"},
    ]


def test_the_contents_in_the_repository_are_up_to_date():
    listed = yaml.safe_load((paths.root() / "_toc.yml").read_text("utf-8"))
    assert listed == toc.contents()
    prose = [name for name in toc.files() if "executed" not in name]
    assert all((paths.root() / f"{name}.md").is_file() for name in prose)
    assert {f"book/{path.stem}" for path in (paths.root() / "book").glob("*.md")} == set(prose)
