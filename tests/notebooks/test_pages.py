"""Every page at smoke scale: it runs, says what it shows, claims nothing from digits, and needs no torch again."""

import json
from pathlib import Path

import jupytext
import pytest

from prunebook.page import manifest, matrix, notebook, scan

ITEMS = [item for item in manifest.items() if matrix.source(item)]
COMMON = ["scale", "dataset", "model", "seeds", "device"]
each_page = pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.name)


def cells(item, root):
    return jupytext.read(root / item.notebook).cells


def sidecar(item, root):
    return json.loads((root / "smoke" / item.paper / f"{item.id}.json").read_text("utf-8"))


@each_page
def test_a_page_runs_at_smoke_scale(pages, item):
    written = sidecar(item, pages.root)
    assert written["item"] == item.name
    assert written["scale"] in ("smoke", "")
    assert written["runs_stored"] == written["runs_needed"]
    assert scan.notebook(pages.root / "smoke" / item.paper / f"{item.id}.ipynb", item.name) == []


@each_page
def test_digits_decide_no_claim(pages, item):
    verdicts = sidecar(item, pages.root)["verdicts"]
    assert set(verdicts) == {claim.id for claim in item.claims}
    assert set(verdicts.values()) <= {"not run"}


@each_page
def test_a_notebook_is_laid_out_as_every_other(item):
    listed = cells(item, Path(matrix.source(item)).parents[2])
    assert listed[0].cell_type == "markdown"
    assert listed[0].source.startswith("# ")
    tags = [cell.metadata.get("tags", []) for cell in listed if cell.cell_type == "code"]
    assert tags[0] == ["parameters"]
    assert sum("parameters" in tagged for tagged in tags) == 1
    declared = notebook.declared(item.name)
    assert list(declared)[: len(COMMON)] == COMMON
    assert all(parameter.help for parameter in declared.values())


@each_page
def test_no_line_of_prose_is_a_comment(item):
    prose = [cell.source for cell in cells(item, Path(matrix.source(item)).parents[2]) if cell.cell_type == "markdown"]
    assert [line for source in prose for line in source.splitlines() if line.startswith("%")] == []  # as MyST has it


@each_page
def test_a_page_with_nothing_missing_imports_no_torch(pages, item):
    source = "\n\n".join(cell.source for cell in cells(item, pages.root) if cell.cell_type == "code")
    source = source.replace('scale = "auto"', 'scale = "smoke"', 1)
    source += "\n\nimport sys\nheavy = {'torch', 'torchvision', 'sklearn'} & set(sys.modules)\n"
    source += "raise SystemExit(f'imported {sorted(heavy)}' if heavy else 0)"
    done = pages.python(source, MPLBACKEND="agg")
    assert done.returncode == 0, done.stderr


def test_the_same_again_computes_nothing(pages):
    def stored():
        return {path: path.stat().st_mtime_ns for path in (pages.root / ".store" / "records").rglob("*.json")}

    before = stored()
    done = pages.run("run", ITEMS[-1].name, "--scale", "smoke")
    assert done.returncode == 0, done.stderr
    assert before
    assert stored() == before


def test_a_failing_page_fails_the_build_with_a_sentence(pages, new_project):
    broken = new_project
    source = broken.root / ITEMS[0].notebook
    source.write_text(source.read_text("utf-8") + '\n\n# %%\nraise OSError("the disk is full")\n', "utf-8")
    for item in ITEMS[1:]:
        (broken.root / item.notebook).unlink()
    done = broken.run("build", PRUNEBOOK_STORE=str(pages.root / ".store"))
    assert done.returncode == 1
    assert f"{ITEMS[0].name}: OSError: the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (broken.root / "_build").exists()
