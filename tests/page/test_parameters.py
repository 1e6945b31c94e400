"""Parameters: what a page declares, what it accepts, and what it says of everything else."""

import shutil
import sys
import types
from pathlib import Path

import jupytext
import pytest

from prunebook import page
from prunebook.page import notebook, parameters

PAGES = sorted((Path(__file__).parents[2] / "notebooks").glob("*/*.py"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_cells_are_those_that_jupytext_reads(path):
    expected = [
        (cell.source, tuple(cell.metadata.get("tags", ())))
        for cell in jupytext.read(path, fmt="py:percent").cells if cell.cell_type == "code"
    ]
    assert [(c.source, c.tags) for c in notebook.cells_in(path.read_text("utf-8"))] == expected


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_begins_with_the_five_parameters(path):
    cells = [c.source for c in notebook.cells_in(path.read_text("utf-8")) if "parameters" in c.tags]
    found = notebook.parameters_in(cells[0])
    assert list(found)[:5] == ["scale", "dataset", "model", "seeds", "device"]
    assert [p.default for p in found.values()][:5] == ["auto", "", "", 0, "auto"]
    assert all(parameter.help for parameter in found.values())


def test_declared(root):
    found = notebook.declared("norms/fig2")
    assert found["budgets"] == notebook.Parameter("budgets", list, [10, 20], "numbers of labels")
    assert found["rate"].type is float


@pytest.mark.parametrize("line", ["budgets = list(range(3))", "a, b = 1, 2", "x: int | None = 3", "import os"])
def test_only_plain_literals_are_parameters(line):
    with pytest.raises(ValueError, match="parameters"):
        notebook.parameters_in(line)


def test_text_is_converted(root):
    checked = page.check("norms/fig2", {"budgets": "[10, 30]", "seeds": "2", "rate": "1", "methods": "[norm]"})
    assert (checked["budgets"], checked["seeds"], checked["rate"], checked["methods"]) == ([10, 30], 2, 1.0, ["norm"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sedes": 2}, "has no parameter 'sedes'.*did you mean 'seeds'"),
        ({"scale": "smal"}, "scale: 'smal' is unknown.*did you mean 'small'"),
        ({"dataset": "cifar-10"}, "dataset: 'cifar-10'.*did you mean 'cifar10'"),
        ({"model": "resnet19"}, "model: 'resnet19'.*did you mean 'resnet1"),
        ({"methods": ["norms"]}, "methods: 'norms'.*did you mean 'norm'"),
        ({"seeds": -1}, "seeds: -1"),
        ({"seeds": True}, "seeds: True.*whole number"),
        ({"seeds": 2.5}, "seeds: 2.5"),
        ({"seeds": "many"}, "seeds: 'many'"),
        ({"budgets": 10}, "budgets: 10.*a list, such as"),
        ({"budgets": ["ten"]}, "each member must be a whole number"),
        ({"budgets": "[10"}, "budgets: '\\[10' cannot be read"),
        ({"rate": float("nan")}, "rate: nan"),
        ({"device": "gpu"}, "device: 'gpu'"),
    ],
)
def test_what_a_page_cannot_take(root, values, said):
    with pytest.raises(page.ParameterError, match=said):
        page.check("norms/fig2", values)


def test_cuda_where_there_is_none(root, monkeypatch):
    torch = types.SimpleNamespace(cuda=types.SimpleNamespace(is_available=lambda: False))
    monkeypatch.setitem(sys.modules, "torch", torch)
    with pytest.raises(page.ParameterError, match="no usable CUDA device"):
        page.check("norms/fig2", {"device": "cuda"})


def test_names_that_papermill_injected_are_errors(space):
    injected = {**space, "sedes": 7, "In": ["", "scale = 'auto'", "# Parameters\nsedes = 7\n"]}
    with pytest.raises(page.ParameterError, match="did you mean 'seeds'"):
        parameters.check_globals("norms/fig2", injected)
    with pytest.raises(page.ParameterError, match="has no parameter 'table'"):  # a name the page uses, not a parameter
        parameters.check_globals("norms/fig2", {**space, "table": 7, "In": ["# Parameters\ntable = 7"]})


def test_names_that_a_reader_typed_are_not(space):
    typed = {**space, "mine": 3, "METHODS": ["norm"], "In": ["", "mine = 3", "%time 1"], "Out": {}}
    assert parameters.check_globals("norms/fig2", typed)["scale"] == "auto"


def test_a_wrong_value_in_the_globals_is_an_error(space):
    with pytest.raises(page.ParameterError, match="scale: 'large'"):
        parameters.check_globals("norms/fig2", {**space, "scale": "large"})
    with pytest.raises(page.ParameterError, match="cell tagged `parameters` first"):
        parameters.check_globals("norms/fig2", {})


def test_experiment_without_a_kernel(root):
    runs = page.experiment_of("norms/fig2", {"seeds": "1", "methods": ["norm"]})("small")
    assert [run.labels["budget"] for run in runs] == [10, 20]
    with pytest.raises(page.ParameterError, match="'smoked'"):
        page.experiment_of("norms/fig2", {"scale": "smoked"})


def test_an_item_without_a_page(root):
    with pytest.raises(ValueError, match="has no page yet"):
        notebook.code_cells("norms/table1")
    with pytest.raises(ValueError, match="did you mean 'norms/fig2'"):
        notebook.code_cells("norms/fig22")


def test_an_edited_page_is_read_anew(root):
    before = notebook.declared("norms/fig2")
    path = notebook.path_of("norms/fig2")
    shutil.copy(path, path.with_suffix(".bak"))
    path.write_text(path.read_text("utf-8").replace("seeds = 0", "seeds = 4"), "utf-8")
    assert (before["seeds"].default, notebook.declared("norms/fig2")["seeds"].default) == (0, 4)
