"""Kernel velocity against the quotient of equation (7) in exact fractions, closed forms and invariances."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from prunebook.measures import kernel, kernel_velocity


def gram(seed, n=6, width=9):
    rows = np.random.default_rng(seed).normal(size=(n, width))
    return rows @ rows.T


def equation(before, after):
    """Equation (7) with sums that are not rounded."""
    before, after = ([Fraction(v) for v in m.flatten().tolist()] for m in (before, after))
    inner, one, other = (sum(a * b for a, b in zip(*pair)) for pair in
                         ((before, after), (before, before), (after, after)))
    return 1 - float(inner) / math.sqrt(float(one)) / math.sqrt(float(other))


@pytest.mark.parametrize("block", [1, 7, 2**22])
@pytest.mark.parametrize("seed", range(4))
def test_equals_the_equation(seed, block, monkeypatch):
    monkeypatch.setattr(kernel, "BLOCK", block)
    before, after = gram(seed), gram(seed + 100)
    found = kernel_velocity(before, after)
    assert isinstance(found, float)
    assert found == pytest.approx(equation(before, after), abs=1e-14)
    assert 0 < found < 1


def test_matrices_need_not_be_symmetric():
    before, after = np.random.default_rng(0).normal(size=(2, 5, 5))
    assert kernel_velocity(before, after) == pytest.approx(equation(before, after), abs=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_identical_is_exactly_0_and_the_input_stays(dtype):
    matrix = torch.tensor(gram(0), dtype=dtype)
    before = matrix.clone()
    assert kernel_velocity(matrix, matrix.clone()) == 0
    assert torch.equal(matrix, before)


@given(st.integers(0, 2**32 - 1), st.floats(1e-150, 1e150))
@settings(max_examples=50, deadline=None)
def test_scaling_does_not_matter(seed, factor):
    before, after = gram(seed), gram(seed + 1)
    assert 0 <= kernel_velocity(before, factor * before) < 1e-30
    assert kernel_velocity(factor * before, after) == pytest.approx(kernel_velocity(before, after), abs=1e-14)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_order_of_examples_rotations_and_direction_of_time_do_not_matter(seed):
    before, after = gram(seed), gram(seed + 1)
    order = np.random.default_rng(seed).permutation(len(before))
    turn = ortho_group.rvs(len(before), random_state=seed)
    found = kernel_velocity(before, after)
    assert kernel_velocity(after, before) == pytest.approx(found, abs=1e-15)
    assert kernel_velocity(before[order][:, order], after[order][:, order]) == pytest.approx(found, abs=1e-15)
    assert kernel_velocity(turn @ before @ turn.T, turn @ after @ turn.T) == pytest.approx(found, abs=1e-13)


def test_orthogonal_is_1_and_opposite_is_2():
    one, other = np.diag([1.0, 2, 0, 0]), np.diag([0.0, 0, 5, 1])
    assert kernel_velocity(one, other) == pytest.approx(1, abs=1e-15)
    assert kernel_velocity(one, -one) == pytest.approx(2, abs=1e-15)


def test_a_small_turn_keeps_its_digits():
    angle = 1e-9  # the velocity is 5e-19, below what 1 minus a quotient can tell from 0
    one = np.diag([1.0, 0])
    other = np.diag([math.cos(angle), math.sin(angle)])
    assert kernel_velocity(one, other) == pytest.approx(angle**2 / 2, rel=1e-6)


def test_float32_is_summed_in_float64_and_types_may_differ():
    before, after = torch.tensor(gram(1)).float(), torch.tensor(gram(2)).float()
    expected = equation(before.double().numpy(), after.double().numpy())
    assert kernel_velocity(before, after) == pytest.approx(expected, abs=1e-14)
    assert kernel_velocity(before.numpy(), after.double()) == pytest.approx(expected, abs=1e-14)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu_and_across_devices():
    before, after = torch.tensor(gram(1)), torch.tensor(gram(2))
    expected = kernel_velocity(before, after)
    assert kernel_velocity(before.cuda(), after.cuda()) == pytest.approx(expected, abs=1e-14)
    assert kernel_velocity(before.cuda(), after) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("before", "after", "message"), [
    (np.ones((2, 3)), np.ones((2, 3)), r"gram_before: shape \(2, 3\).*square"),
    (np.ones((2, 2)), np.ones((3, 3)), r"gram_after: shape \(3, 3\).*\(2, 2\)"),
    (np.ones(4), np.ones(4), r"gram_before: shape \(4,\)"),
    (np.ones((2, 2)), np.full((2, 2), np.nan), "gram_after: row 0 holds NaN"),
    (np.full((2, 2), np.inf), np.ones((2, 2)), "gram_before: row 0 holds NaN or infinity"),
    (np.zeros((2, 2)), np.ones((2, 2)), "gram_before: all values are 0"),
    (np.ones((2, 2)), np.zeros((2, 2)), "gram_after: all values are 0"),
    (np.ones((2, 2), complex), np.ones((2, 2)), "gram_before: type complex128"),
])
def test_what_is_not_valid_is_named(before, after, message):
    with pytest.raises(ValueError, match=message):
        kernel_velocity(before, after)
