"""A page's notebook as text: its cells by tag, its declared parameters, its experiment, its choices.

Nothing is read but `notebooks/<paper>/<item>.py`; the experiment runs in this process, without a kernel.
"""

import ast
import functools
import io
import json
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from prunebook.page import manifest
from prunebook.runs import paths

MARK = re.compile(r"^# %%(.*)$", re.MULTILINE)
TAGS = re.compile(r"tags=(\[[^\]]*\])")
TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell: name, type, default and the comment that says what it does."""

    name: str
    type: type
    default: object
    help: str


@dataclass(frozen=True)
class Cell:
    """One code cell: source and tags."""

    source: str
    tags: tuple[str, ...]


def path_of(item):
    """The source of the page of `item`, such as "norms/fig2"; a ValueError if it has no page."""
    entry = manifest.item(item)
    if not entry.notebook:
        raise ValueError(f"item: {item!r} has no page yet; `prunebook list` shows which items have one")
    return Path(paths.root()) / entry.notebook


def code_cells(item):
    """The code cells of the page, in order."""
    path = path_of(item)
    return _read(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _read(path, _changed):
    return cells_in(path.read_text(encoding="utf-8"))


def cells_in(text):
    """The code cells of a notebook in the percent format, read without jupytext, which takes a page 0.2 s to import."""
    marks = list(MARK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    found = []
    for mark, end in zip(marks, ends, strict=True):
        if "[markdown]" not in mark[1] and "[raw]" not in mark[1]:
            tags = TAGS.search(mark[1])
            found.append(Cell(text[mark.end():end].strip("\n"), tuple(json.loads(tags[1])) if tags else ()))
    return tuple(found)


def tagged(item, tag):
    """The sources of the code cells that carry `tag`."""
    return [cell.source for cell in code_cells(item) if tag in cell.tags]


def declared(item):
    """Name -> Parameter of the parameters cell, in order."""
    cells = tagged(item, "parameters")
    if len(cells) != 1:
        raise ValueError(f"{path_of(item)}: {len(cells)} cells are tagged `parameters`; a page has exactly one")
    return parameters_in(cells[0])


def parameters_in(source):
    """Name -> Parameter of the assignments in `source`; a ValueError for anything that is not a plain literal."""
    comments = _comments(source)
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if not isinstance(target, ast.Name) or getattr(node, "value", None) is None:
            raise ValueError(f"parameters, line {node.lineno}: only `name = literal  # what it does` may stand here")
        try:
            default = ast.literal_eval(node.value)
        except ValueError:
            raise ValueError(f"parameters, {target.id}: the default is not a plain literal") from None
        kind = _annotated(node, target.id) or type(default)
        found[target.id] = Parameter(target.id, kind, default, comments.get(node.end_lineno, ""))
    return found


def _annotated(node, name):
    if not isinstance(node, ast.AnnAssign):
        return None
    if not isinstance(node.annotation, ast.Name) or node.annotation.id not in TYPES:
        raise ValueError(f"parameters, {name}: annotate with one of {', '.join(TYPES)}; papermill's help drops others")
    return TYPES[node.annotation.id]


def _comments(source):
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def bound_names(source):
    """Every name that `source` assigns, imports or defines, wherever it does."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
    return names


def experiment_of(item, overrides=None):
    """The page's `experiment(scale) -> list[Run]` with parameters overridden, after they were checked."""
    from prunebook.page import parameters

    values = parameters.check(item, overrides or {})
    cells = tagged(item, "experiment")
    if not cells:
        raise ValueError(f"item: the page of {item} has no experiment; it computes nothing that is stored")
    space = {"__name__": f"prunebook.notebook.{item}", **values}
    for source in cells:
        exec(compile(source, f"{path_of(item).name}, experiment", "exec"), space)
    return space["experiment"]


def choices_of(item):
    """Name -> valid values, as the page's call of `page.begin(..., choices=...)` says; {} where it says none."""
    space = {"__name__": f"prunebook.notebook.{item}"}
    for cell in code_cells(item):
        if "parameters" in cell.tags:
            continue
        tree = ast.parse(cell.source)
        call = next((node for node in ast.walk(tree) if _is_begin(node)), None)
        if call is None:
            light = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assign))]
            _execute(light, space)
            continue
        given = next((word.value for word in call.keywords if word.arg == "choices"), None)
        if given is None:
            return {}
        begun = next(place for place, node in enumerate(tree.body) if call in ast.walk(node))
        _execute(tree.body[:begun], space)
        return dict(eval(compile(ast.Expression(given), "choices", "eval"), space))
    return {}


def _is_begin(node):
    name = getattr(node, "func", None)
    return isinstance(node, ast.Call) and (getattr(name, "attr", None) or getattr(name, "id", None)) == "begin"


def _execute(nodes, space):
    exec(compile(ast.Module(list(nodes), type_ignores=[]), "cells before begin", "exec"), space)
