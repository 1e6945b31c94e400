"""The code a recipe stands on: a digest of all source files of this project that its modules import, however deep.

Comments, docstrings and blank lines are left out: rewording makes no result stale.
"""

import ast
import hashlib
import inspect
import io
import sys
import tokenize
from functools import cache
from pathlib import Path

from prunebook.runs import verified
from prunebook.runs.identity import parts

PACKAGE = "prunebook"
SOURCE = Path(__file__).resolve().parents[1]


def code(recipe):
    """Twelve hex digits over the import closure of a recipe and of the recipes and settings inside it."""
    return _code(tuple(sorted({type(part).__module__ for part in parts(recipe)})))


def stale(stored, recipe, links=()):
    """Whether the code of `recipe` is another than when `stored` was computed, and `links` do not lead to it."""
    return verified.chain(links, type(recipe).__name__, stored.provenance.get("code"), code(recipe)) is None


def closure(modules):
    """Module name -> digest of its source, for `modules` and all of this project that they import."""
    found, waiting = {}, list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name], imported = _source(name)
            waiting.extend(imported)
    return found


@cache
def _code(modules):
    listed = sorted((name, digest) for name, digest in closure(modules).items() if digest)
    return hashlib.sha256(repr(listed).encode()).hexdigest()[:12]


@cache
def _source(name):
    """Digest of one module's source and the project's modules it imports; ("", ()) where there is no source."""
    path = _path(name)
    if path is not None:
        text = path.read_text(encoding="utf-8")
    elif name.partition(".")[0] != PACKAGE and name in sys.modules:  # a notebook's or a test's own recipes
        try:
            text = inspect.getsource(sys.modules[name])
        except (OSError, TypeError):
            return "", ()
    else:
        return "", ()
    tree = ast.parse(text)
    package = name if path is not None and path.name == "__init__.py" else name.rpartition(".")[0]
    return hashlib.sha256(bare(text, tree).encode()).hexdigest(), tuple(sorted(_imports(tree, package)))


def bare(text, tree=None):
    """Source text without comments, docstrings and blank lines; alike under every version of Python."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(tree or ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and _docstring(node):
            for row in range(node.body[0].lineno, node.body[0].end_lineno + 1):
                lines[row - 1] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _docstring(node):
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def _path(name):
    """The file of one of the project's modules, or None."""
    parts_of_name = name.split(".")
    if parts_of_name[0] != PACKAGE:
        return None
    base = SOURCE.joinpath(*parts_of_name[1:])
    candidates = (base / "__init__.py", base.with_suffix(".py")) if len(parts_of_name) > 1 else (base / "__init__.py",)
    return next((path for path in candidates if path.is_file()), None)


def _imports(tree, package):
    """The project's modules that a source imports, at its top or inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _path(alias.name))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                base = f"{above}.{base}".rstrip(".")
            submodules = [f"{base}.{alias.name}" for alias in node.names if _path(f"{base}.{alias.name}")]
            yield from submodules
            if _path(base) and len(submodules) < len(node.names):
                yield base
