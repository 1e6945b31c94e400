"""The matrix and the table of contents: every item is shown, and only pages that exist are linked."""

import json

import pytest
import yaml
from scipy import stats

from prunebook.page import findings, manifest, matrix, toc
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
    claims = [claim.id for claim in manifest.item("norms/fig2").claims if claim.source == "paper"]
    write_sidecar(root, level="partial", scale="small", runs_stored=7, runs_needed=9,
                  verdicts=dict(zip(claims, ["holds", "undecided", "holds"], strict=False)))
    row = next(row for row in matrix.rows() if row["name"] == "norms/fig2")
    assert (row["level"], row["scale"], row["runs"]) == ("partial", "small", "7 of 9")
    assert row["verdicts"] == "2 holds, 1 undecided"


def test_claims_of_our_own_are_counted_apart(root):
    item = manifest.item("datadiet/fig15")
    words = {claim.id: "holds" if claim.source == "ours" else "undecided" for claim in item.claims}
    assert matrix._count(item, words) == "2 undecided<br>ours: 2 holds"


def test_findings_list_what_was_tested_and_adjust_over_the_book(root):
    assert not any(entry["p"] for entry in findings.claims())
    assert "0 were tested" in "".join(path.read_text("utf-8") for path in findings.write())
    first, second, third, *_ = (claim.id for claim in manifest.item("norms/fig2").claims)
    said = {"effect": 1.0, "low": 0.5, "high": 1.5, "n": 5, "test": "Welch", "unit": "points"}
    write_sidecar(root, level="small", numbers=[
        {"claim": first, "verdict": "holds", "p": 0.01, **said},
        {"claim": second, "verdict": "does not hold", "p": 0.04, **said},
        {"claim": third, "verdict": "undecided", "p": 0.9, **said},
    ])
    run = [entry for entry in findings.claims() if entry["p"] is not None]
    assert [entry["book_p"] for entry in run] == pytest.approx(stats.false_discovery_control([0.01, 0.04, 0.9]))
    summary, listed = (path.read_text("utf-8") for path in findings.write())
    counts = next(line for line in summary.splitlines() if "/book/norms.md" in line)
    assert counts.split("|")[2:6] == [" 1 ", " 1 ", " 1 ", " – "]
    assert "3 were tested and 2 decided. 1 of these decisions" in listed  # .04 is .06 over the book
    assert listed.count(findings.LOST) == 2  # once explained, once as a mark
    assert "1.0 [0.5, 1.5] points" in listed.replace("\N{NO-BREAK SPACE}", " ")


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
