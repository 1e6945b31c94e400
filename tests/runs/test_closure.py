import dataclasses
import sys

import pytest
import toy_recipes as toys

from prunebook.recipes.grid import Run
from prunebook.runs import closure, results


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small project in place of this one; returns a function that writes its files, and one for the closure."""
    monkeypatch.setattr(closure, "PACKAGE", "small")
    monkeypatch.setattr(closure, "SOURCE", tmp_path)

    def write(texts):
        for name, text in texts.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        closure._source.cache_clear()
        closure._code.cache_clear()

    yield write
    closure._source.cache_clear()
    closure._code.cache_clear()


def names(*modules):
    return {name for name, digest in closure.closure(modules).items() if digest}


def test_imports_are_followed_at_the_top_in_functions_and_relatively(package):
    package({
        "room/__init__": "", "room/a": "import small.room.b\nimport numpy\n",
        "room/b": "def f():\n    from small.other import c\n", "room/unused": "",
        "other/__init__": "", "other/c": "from . import d\nfrom ..room import e as g\n",
        "other/d": "from .deep.f import x\n", "other/deep/f": "from ...last import y\n",
        "room/e": "", "last": "y = 1\n",
    })
    assert names("small.room.a") == {
        "small.room.a", "small.room.b", "small.other.c", "small.other.d", "small.room.e", "small.other.deep.f",
        "small.last",
    }


def test_a_name_taken_from_a_package_brings_the_package(package):
    package({"a": "from small.room import f\n", "room/__init__": "from small.room.g import f\n", "room/g": "f = 1\n"})
    assert names("small.a") == {"small.a", "small.room", "small.room.g"}


def test_only_what_matters_changes_the_digest(package):
    before = '"""Doc."""\n\ndef f(x):\n    """Says."""\n    return x + 1  # why\n'
    package({"a": "from small.b import f\n", "b": before})
    first = closure._code(("small.a",))
    package({"b": '"""Other\n\ndoc."""\ndef f(x):\n    # reason\n    return x + 1\n'})
    assert closure._code(("small.a",)) == first
    package({"b": before.replace("+ 1", "+ 2")})
    assert closure._code(("small.a",)) != first
    package({"b": before, "unused": "x = 1\n"})
    assert closure._code(("small.a",)) == first


def test_strings_with_a_hash_are_no_comments():
    assert closure.bare('x = "# not a comment"  # a comment\n') == 'x = "# not a comment"'
    text = '    return """text\n# inside"""'
    assert closure.bare(f'def f():\n    "doc"\n{text}\n') == f"def f():\n{text}"


def test_a_recipe_stands_on_its_own_module_and_those_of_its_parts(monkeypatch):
    from prunebook.training.settings import Training

    found = []
    monkeypatch.setattr(closure, "_code", found.append)
    closure.code(toys.ToyPlain(1, anything=(Training(epochs=1),)))
    assert found == [("prunebook.training.settings", "toy_recipes")]
    assert {"toy_recipes", "prunebook.recipes.base"} <= names("toy_recipes")
    assert "prunebook.runs.engine" not in names("prunebook.recipes.accuracy")


def test_a_run_of_other_code_is_stale(store, monkeypatch):
    results([Run(toys.ToyLoner(), 0, {})], store=store, device="cpu")
    stored = store.get(toys.ToyLoner(), 0)
    assert not closure.stale(stored, toys.ToyLoner())
    assert closure.stale(dataclasses.replace(stored, provenance={}), toys.ToyLoner())
    text = closure.inspect.getsource(sys.modules["toy_recipes"])
    monkeypatch.setattr(closure.inspect, "getsource", lambda module: text.replace("self.arm + context.seed", "0"))
    closure._source.cache_clear()
    closure._code.cache_clear()
    assert closure.stale(stored, toys.ToyLoner())
    closure._source.cache_clear()
    closure._code.cache_clear()
