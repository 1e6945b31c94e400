from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunebook.recipes.base import Recipe
from prunebook.recipes.grid import grid


@dataclass(frozen=True)
class ToyPoint(Recipe):
    a: int = 0
    b: str = ""


def test_the_product_is_in_the_order_given_and_seed_is_a_label_too():
    runs = grid(lambda a, b: ToyPoint(a, b), b=("x", "y"), seed=range(2), a=[1, 2])
    assert [(run.recipe.b, run.seed, run.recipe.a) for run in runs] == [
        (b, seed, a) for b in "xy" for seed in (0, 1) for a in (1, 2)]
    assert runs[3].labels == {"b": "x", "seed": 1, "a": 2}


def test_without_an_axis_seed_there_is_seed_zero():
    (run,) = grid(lambda a: ToyPoint(a), a=[7])
    assert (run.seed, run.labels) == (0, {"a": 7, "seed": 0})


@given(st.lists(st.integers(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4), st.integers(1, 4))
def test_every_point_is_there_as_often_as_it_is_listed(numbers, words, seeds):
    runs = grid(ToyPoint, a=numbers, b=words, seed=range(seeds))
    assert [(run.recipe.a, run.recipe.b, run.seed) for run in runs] == [
        (a, b, seed) for a in numbers for b in words for seed in range(seeds)]


def test_one_recipe_serves_all_seeds_of_a_point():
    runs = grid(lambda a: ToyPoint(a), a=iter([1]), seed=np.arange(3))
    assert len({id(run.recipe) for run in runs}) == 1
    assert [type(run.seed) for run in runs] == [int] * 3


@pytest.mark.parametrize(("axis", "message"), [
    ([], "a: the axis is empty"), (5, r"a: 5 is not a list of values; write \[5\]"),
    ("xy", r"a: the axis is the string 'xy'"),
])
def test_a_bad_axis_is_named(axis, message):
    with pytest.raises(ValueError, match=message):
        grid(lambda a: ToyPoint(a), a=axis)


@pytest.mark.parametrize("seed", [-1, 0.5, True])
def test_a_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match="seed"):
        grid(lambda: ToyPoint(), seed=[seed])
