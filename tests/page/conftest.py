"""A small project with one page, whose experiment is a toy: everything a page does, without torch."""

import shutil
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from prunebook.page import notebook
from prunebook.recipes.base import Recipe, Record
from prunebook.runs import paths

ROOT = Path(__file__).parents[2]
NOTEBOOK = '''\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Figure 2

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for those of the scale
model = ""  # network; "" for that of the scale
seeds = 0  # replicates; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
methods = []  # selection methods; [] for all
budgets = [10, 20]  # numbers of labels
rate: float = 0.5  # a number

# %% tags=["hide-input"]
from prunebook import page

METHODS = ["uniform", "norm"]
p = page.begin("norms/fig2", globals(), choices={"methods": METHODS})

# %% tags=["experiment"]
from page_toys import PageToy
from prunebook.recipes.grid import grid


def experiment(scale):
    return grid(
        lambda dataset, method, budget: PageToy(scale, dataset, method, budget),
        dataset=["digits" if scale == "smoke" else "cifar10"],
        method=methods or ["uniform", "norm"],
        budget=budgets,
        seed=range(seeds or {"smoke": 2, "small": 5, "paper": 3}[scale]),
    )

# %%
table = p.results(experiment)
'''

MANIFEST = """\
id: norms
title: Effective Subset Selection
authors: [Noga Bar, Raja Giryes]
year: 2024
document: the whole paper
about: Which images to label.
items:
- id: fig2
  title: Training from scratch
  shows: accuracy over labels
  reports: Norm is above uniform.
  section: "Figure 2, section 4.1"
  notebook: true
  claims:
  - {id: norm-above-uniform, source: paper, text: Norm is above uniform.}
  - {id: imagenet-comparable, source: paper, text: On ImageNet all are comparable.}
  deviations:
  - {paper: ResNet-18, code: with dropout, here: without, why: the text names none}
  cost: {smoke: seconds, small: minutes, paper: hours}
- {id: table1, title: Semi-supervised, shows: accuracy, claims: []}
"""


@dataclass(frozen=True)
class PageToy(Recipe):
    """Accuracy that grows with the budget, and more with the norm."""

    scale: str = "smoke"
    dataset: str = "digits"
    method: str = "uniform"
    budget: int = 10
    model: str = "resnet18"
    width: int = 16

    def run(self, context):
        noise = np.random.default_rng([context.seed, self.budget, len(self.method)]).normal()
        gain = 10 if self.method == "norm" else 0
        return Record({"accuracy": 20 + self.budget + gain + noise, "indices": [1, 2]}, {"norms": np.arange(1.0, 9.0)})


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The project's root: a manifest, one page, a store and a place for executed pages."""
    shutil.copytree(ROOT / "data" / "papers", tmp_path / "data" / "papers")
    (tmp_path / "data" / "papers" / "norms.yml").write_text(MANIFEST, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    source = tmp_path / "notebooks" / "norms" / "fig2.py"
    source.parent.mkdir(parents=True)
    source.write_text(NOTEBOOK, encoding="utf-8")
    toys = types.ModuleType("page_toys")
    toys.PageToy = PageToy
    monkeypatch.setitem(sys.modules, "page_toys", toys)
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    monkeypatch.setenv("PRUNEBOOK_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("PRUNEBOOK_EXECUTED", str(tmp_path / "executed"))
    for name in ("PRUNEBOOK_DEADLINE", "PRUNEBOOK_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def space(root):
    """The globals of a kernel that has run the parameters cell."""
    return {name: parameter.default for name, parameter in notebook.declared("norms/fig2").items()}


@pytest.fixture
def shown(monkeypatch):
    """Every bundle that the page displays."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    return bundles
