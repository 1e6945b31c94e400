import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pytest
import toy_recipes as toys
from hypothesis import given, settings
from hypothesis import strategies as st

from prunebook.recipes.base import KINDS, Recipe
from prunebook.runs import describe, digest, revive
from prunebook.runs.identity import kind

NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**60), 2**60)
RECIPES = st.builds(
    toys.ToyPlain, required=st.integers(), rate=NUMBERS, name=st.text(), flag=st.booleans(),
    nothing=st.none() | st.integers(), several=st.lists(NUMBERS).map(tuple),
    inner=st.builds(toys.ToyFeatures, size=st.integers(0, 9)),
    settings=st.none() | st.builds(toys.ToySettings, rate=NUMBERS),
    anything=st.recursive(st.none() | st.booleans() | st.text() | st.integers(),
                          lambda inner: st.lists(inner, max_size=3).map(tuple)),
)


@settings(max_examples=60, deadline=None)
@given(RECIPES)
def test_revive_is_the_inverse_of_describe(recipe):
    assert revive(describe(recipe)) == recipe
    assert digest(revive(describe(recipe))) == digest(recipe)


@settings(max_examples=60, deadline=None)
@given(RECIPES)
def test_only_what_differs_from_the_defaults_is_described(recipe):
    named = describe(recipe)["fields"]
    for field in dataclasses.fields(recipe):
        same = field.default is not dataclasses.MISSING and getattr(recipe, field.name) == field.default
        assert (field.name in named) != same


@settings(max_examples=60, deadline=None)
@given(RECIPES, RECIPES)
def test_digests_are_equal_exactly_where_recipes_are(one, other):
    same = one == other and str(describe(one)) == str(describe(other))  # Python holds True and 1 to be equal
    assert (digest(one) == digest(other)) == same


def test_frozen_digests():
    """These names are on disk in every store: a change here orphans all results ever made."""
    assert digest(toys.ToyFeatures()) == "7ac9d5eb4250"
    other = toys.ToyPlain(3, rate=1e-3, name="ü", inner=toys.ToyFeatures(7), several=(math.inf,))
    assert digest(other) == "fc83990f028a"
    assert digest(toys.ToyTraining(settings=toys.ToySettings(epochs=2), arm=1)) == "d99f48b06788"
    assert describe(toys.ToyTraining(settings=toys.ToySettings(epochs=2), arm=1)) == {
        "kind": "ToyTraining", "version": 1,
        "fields": {"settings": {"kind": "ToySettings", "fields": {"epochs": 2}}, "arm": 1},
    }


def variant(name, fields, **namespace):
    KINDS.pop(name, None)
    cls = dataclasses.make_dataclass(name, fields, bases=(Recipe,), frozen=True, namespace=namespace)
    return cls


def test_a_new_field_with_a_default_keeps_the_digest():
    young = variant("ToyGrowing", [("a", int, 1)])
    before, text = digest(young(2)), describe(young(2))
    old = variant("ToyGrowing", [("a", int, 1), ("b", float, 0.5)])
    assert digest(old(2)) == before
    assert digest(old(2, 0.25)) != before
    assert revive(text) == old(2, 0.5)


def test_a_raised_version_reaches_what_has_the_recipe_as_its_default():
    def outer():
        inner = variant("ToyInner", [("a", int, 1)], version=version)
        return digest(variant("ToyOuter", [("inner", inner, inner())])())

    version = 1
    before = outer()
    version = 2
    assert outer() != before


@pytest.mark.parametrize(("one", "same"), [
    ({"rate": 1}, {"rate": 1.0}), ({"rate": np.float64(0.5)}, {}), ({"several": [1, 2.0]}, {}),
    ({"anything": np.int64(3)}, {"anything": 3}), ({"anything": (1, (2,))}, {"anything": [1, [2]]}),
    ({"rate": -0.0}, {"rate": 0}),
])
def test_equal_values_have_one_digest(one, same):
    assert digest(toys.ToyPlain(1, **one)) == digest(toys.ToyPlain(1, **same))


@pytest.mark.parametrize(("one", "other"), [
    ({"anything": True}, {"anything": 1}), ({"anything": None}, {"anything": "None"}),
    ({"anything": "1"}, {"anything": 1}), ({"rate": 0.1}, {"rate": 0.1 + 2**-56}),
    ({"anything": math.nan}, {"anything": "nan"}), ({"anything": ()}, {"anything": None}),
])
def test_different_values_have_different_digests(one, other):
    assert digest(toys.ToyPlain(1, **one)) != digest(toys.ToyPlain(1, **other))


@pytest.mark.parametrize("value", [{1: 2}, {"a": 2}, {1}, object(), b"x", 1j, toys.ToyPlain])
def test_a_field_of_another_type_is_named(value):
    with pytest.raises(TypeError, match=r"ToyPlain\.anything"):
        digest(toys.ToyPlain(1, anything=value))
    with pytest.raises(TypeError, match=r"ToyPlain\.anything\[1\]"):
        digest(toys.ToyPlain(1, anything=(0, value)))


def test_whole_numbers_come_back_as_floats_where_the_field_says_so():
    revived = revive(describe(toys.ToyPlain(1, rate=2.0, several=(3.0,))))
    assert [type(revived.rate), type(revived.several[0]), type(revived.required)] == [float, float, int]


def test_a_recipe_that_is_not_a_dataclass_is_refused():
    class ToyBare(Recipe):
        pass

    with pytest.raises(TypeError, match="ToyBare is not a dataclass"):
        digest(ToyBare())


def test_two_recipes_of_one_name_are_refused():
    class ToySame(Recipe):
        pass

    with pytest.raises(TypeError, match="two kinds of recipe are called ToySame"):
        type("ToySame", (Recipe,), {"__module__": "elsewhere"})


def test_unknown_names_in_a_description_are_errors_that_name_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'ToyPlain'"):
        kind("ToyPlian")
    with pytest.raises(ValueError, match="field of ToyFeatures: 'sise'.*did you mean 'size'"):
        revive({"kind": "ToyFeatures", "version": 1, "fields": {"sise": 1}})


def test_replacing_a_field_gives_a_new_identity():
    @dataclass(frozen=True)
    class ToyReplaced(Recipe):
        a: int = 1

    recipe = ToyReplaced()
    before = digest(recipe)
    assert digest(dataclasses.replace(recipe, a=2)) != before
    assert recipe == ToyReplaced()
